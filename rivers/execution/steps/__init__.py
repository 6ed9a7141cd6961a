"""The steps of a plan, compiled: what each calls, with which context, for which partitions."""
