"""Families: kinds of models. A family is a folder; stages know it by its row and by the protocols of `family.py`."""
