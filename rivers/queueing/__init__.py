"""The run queue and leases as arithmetic: which runs are admitted, which leases are over.

Everything here is pure: the queue, the runs in flight and the time come in as arguments.
"""
