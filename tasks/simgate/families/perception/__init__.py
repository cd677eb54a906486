"""Perception: names the largest object in a picture and frames it; it commands nothing."""
