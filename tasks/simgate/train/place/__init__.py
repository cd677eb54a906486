"""Where a training runs: its machines, its processes and what goes between them. It moves no byte of a network."""
