"""Airflow writes its configuration where AIRFLOW_HOME says, on import: not into the home folder of whoever tests."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping

import pytest

from simgate_airflow.settings import Settings, settings

HOME = tempfile.mkdtemp(prefix="simgate-airflow-home-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = HOME
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Mapping[str, str]], Settings]]:
    """Set SIMGATE_* for this test, and read the settings anew."""

    def wire(variables: Mapping[str, str]) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        return settings()

    yield wire
    monkeypatch.undo()
    settings.cache_clear()
