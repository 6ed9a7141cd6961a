"""The declarations of a user: assets, jobs, schedules, sensors, and the values that their functions return.

Everything here is a value object or a pure function: no I/O, no clock of its own, no event loop. Importing a module of
this package loads neither pydantic nor croniter, except ``resources``, which stands on pydantic.
"""
