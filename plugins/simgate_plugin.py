"""The only file that Airflow scans in the plugins folder; what it offers lives in `simgate_airflow`."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from simgate_airflow.ui.mount import apps, tabs


class SimgatePlugin(AirflowPlugin):
    """simgate's pages, and the tabs that show them; DAG files import `simgate_airflow` themselves."""

    name = "simgate"
    fastapi_apps = apps()
    external_views = tabs()
