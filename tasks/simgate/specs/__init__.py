"""The whole tunable surface: one spec per stage, and the documents that cross stages. Pure pydantic."""
