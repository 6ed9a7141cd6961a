"""The moving parts: one file a daemon, wired in ``graph.py``, hosted in a thread by ``host.py``."""
