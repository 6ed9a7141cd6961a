"""Cron expressions on a clock that never jumps: whether one is valid, which times it names, counted without walking.

The lowest of the rooms that know cron: schedules join it to time zones, partitions use it as it is.
"""
