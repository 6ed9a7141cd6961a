"""Running things: a run's steps, and the functions of schedules and sensors."""
