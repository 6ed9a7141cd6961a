"""One attempt of a step: loading inputs, calling user code, capturing output, storing the value."""
