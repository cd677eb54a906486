"""USD scenes: what files one needs, what its labels and lights are, and whether it is fit to be used."""
