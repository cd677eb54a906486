"""Pilot: drives by a coarse strip of the picture and the way to the goal, and says whether the way is clear."""
