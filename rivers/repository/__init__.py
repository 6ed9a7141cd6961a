"""``CodeRepository``, the user's front door, and the parts that it delegates to."""
