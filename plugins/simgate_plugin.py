"""The only file that Airflow scans in the plugins folder; what it offers lives in `simgate_airflow`."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class SimgatePlugin(AirflowPlugin):
    """Names simgate among Airflow's plugins; DAG files import `simgate_airflow` themselves."""

    name = "simgate"
