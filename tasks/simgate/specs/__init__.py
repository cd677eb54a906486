"""Specs: every field that may be tuned, one spec per stage, and the recipes that specs follow from. Pure pydantic."""
