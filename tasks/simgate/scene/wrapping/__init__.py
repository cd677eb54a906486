"""wrapping: a scene around an asset of somebody else."""
