"""The settings of Airflow's side, as a test sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from simgate_airflow.settings import Settings, settings

Wire = Callable[[Mapping[str, str]], Settings]
"""Takes variables SIMGATE_*, gives the settings that follow from them."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """Set SIMGATE_* for this test, and read the settings anew."""

    def wire(variables: Mapping[str, str]) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        return settings()

    yield wire
    monkeypatch.undo()
    settings.cache_clear()
