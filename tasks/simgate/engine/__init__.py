"""Engines: a model in a form that a robot runs, and how far two of them are apart."""
