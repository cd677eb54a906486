"""validate: check a dataset against itself and against what the simulator must have seen; write its splits."""
