"""generate: one scene's episodes, simulated and kept as a shard, rows and bags."""
