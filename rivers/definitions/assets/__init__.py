"""Assets, tasks and jobs: what a step computes, and what belongs together."""
