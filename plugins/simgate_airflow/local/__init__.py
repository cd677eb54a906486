"""Local: a whole Airflow on this machine, for a project on it and for tests."""
