"""Local: a whole Airflow on this machine, for the demo and the tests."""
