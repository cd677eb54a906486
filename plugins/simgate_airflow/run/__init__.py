"""Run: what sets a DAG run off, what its tasks decide, and where its record lies."""
