"""export: weights to an engine, compared end to end with FP32 PyTorch."""
