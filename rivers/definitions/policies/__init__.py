"""The policies by which work runs: executors, retries, backoff, hooks, limits of the run queue."""
