"""The HTTP face of a running system: a guarded JSON API, hosted on the loop of the graph.

``guard`` lets requests in, ``hosting`` binds and serves, ``served`` is what the handlers are given, ``queries`` turns
records into JSON, and one module a resource holds its handlers. A page or another resource is one more module and one
line in ``app``.
"""
