"""What daemons say to each other, and which daemon holds which end of each edge."""
