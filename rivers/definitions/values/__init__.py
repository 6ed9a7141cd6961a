"""What steps return and how it is described: outputs, metadata, schemas."""
