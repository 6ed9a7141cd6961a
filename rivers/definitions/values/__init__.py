"""The values that steps return, and their description: outputs, metadata, schemas."""
