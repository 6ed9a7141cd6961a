"""Evaluating schedules and sensors: on this process's threads, or in a worker."""
