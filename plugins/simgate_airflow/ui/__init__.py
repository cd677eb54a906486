"""Pages inside Airflow: reports and evidence, under Airflow's own login and permissions."""
