"""How work is to go: executors, retries, backoff, hooks, limits of the run queue."""
