"""The contract: what a spec, a job, a manifest and a key are, and how each is kept. Knows no stage, no Airflow."""
