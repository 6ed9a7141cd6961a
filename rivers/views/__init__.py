"""The documents that the server, the command line and pages show."""
