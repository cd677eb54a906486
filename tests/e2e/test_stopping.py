"""The last of the tests that share one Airflow: it ends, and nothing of it is left."""

from __future__ import annotations

from simgate_airflow.local.process import members
from tests.e2e.conftest import World


def test_stopping_leaves_no_process(world: World) -> None:
    assert len(members(world.airflow.pid)) > 4
    world.airflow.stop()
    assert members(world.airflow.pid) == []
