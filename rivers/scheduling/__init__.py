"""Schedules and polls as arithmetic: which times exist, which are due, and what one evaluation of a trigger decides.

Everything here is pure: times come in as arguments and decisions go out as frozen records. The daemons wait, load,
call these functions, persist what they return and tell the others.
"""
