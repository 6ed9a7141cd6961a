"""What rivers costs, beside the budgets of the design: ``python -m bench [NAME ...] [--json]``.

One module a subject. Nothing here asserts a time: a slow machine must not fail a test.
"""
