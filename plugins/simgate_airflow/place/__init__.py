"""Place: how a stage runs in Airflow: on the worker's machine, as a pod, as a Job of several pods."""
