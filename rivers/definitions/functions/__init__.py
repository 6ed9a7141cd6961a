"""The functions of a user: their parameters and the contexts that they get."""
