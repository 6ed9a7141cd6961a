"""The HTTP face of a running system: a guarded JSON API, hosted on the loop of the graph.

``guard`` lets requests in, ``hosting`` binds and serves, ``served`` is what the handlers are given, and one module a
resource holds its handlers. The documents that they answer with are made in ``rivers.views``. A page or another
resource is one more module and one line in ``app``.
"""
