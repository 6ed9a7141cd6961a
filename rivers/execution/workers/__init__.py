"""Worker processes: starting them, speaking to them, what can cross to them."""
