"""What a user declares: assets, jobs, schedules, sensors, and the values their functions return.

Everything here is a value object or a pure function: no I/O, no clock of its own, no event loop. Importing a module of
this package loads neither pydantic nor croniter; ``resources`` is the one that stands on pydantic.
"""
