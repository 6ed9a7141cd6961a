"""The cost of rivers, beside the budgets of the design: ``python -m bench [NAME ...] [--json]``.

Each subject has a module. Nothing here asserts a time: a slow machine must not fail a test.
"""
