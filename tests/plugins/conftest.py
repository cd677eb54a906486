"""Airflow writes its configuration where AIRFLOW_HOME says, on import: not into the home folder of whoever tests."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from tests.plugins.wire import wire

__all__ = ["wire"]
HOME = tempfile.mkdtemp(prefix="simgate-airflow-home-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = HOME
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
