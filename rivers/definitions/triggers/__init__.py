"""Schedules and sensors, and what their functions return."""
