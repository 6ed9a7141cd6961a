"""Cron expressions on a clock that never jumps: whether one is valid, and which times it names.

This is the lowest layer that knows cron. Schedules join its times to time zones; partitions use them as they are.
"""
