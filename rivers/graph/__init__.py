"""The dependency graph of a repository: what feeds what, what a selection means, in which order it runs. All pure."""
