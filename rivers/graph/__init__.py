"""The dependency graph of a repository: what feeds what, what a selection means, and in which order it can run. Pure."""
