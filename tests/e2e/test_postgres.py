"""Airflow on PostgreSQL with two schedulers and two triggerers; tests/soak kills each of its components in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simgate.core.storage.heads import dataset_head
from simgate.core.storage.journal import Journal
from simgate.plan.record import record_folder
from simgate_airflow.run.run_record import run_name
from tests.e2e.airflow_client import wait_for
from tests.e2e.components import Components, components
from tests.e2e.conftest import World
from tests.many_shards import assert_every_shard_once
from tests.servers.postgres import Postgres, postgres

__all__ = ["postgres"]
pytestmark = pytest.mark.timeout(600)
SLOW = {"SIMGATE_STAGE_ENV": "SMALL_STAGES_PAUSE_S", "SMALL_STAGES_PAUSE_S": "1.5"}


@pytest.fixture(scope="module")
def cluster(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Components, World]]:
    folder = tmp_path_factory.mktemp("cluster")
    with components(postgres, folder, database="quick", **SLOW) as found:
        yield found


def test_a_push_becomes_one_dataset_though_the_scheduler_that_makes_it_is_killed(
    cluster: tuple[Components, World],
) -> None:
    parts, world = cluster
    admin = world.user("admin")
    world.push()
    victims: list[str] = []

    def found() -> bool:
        victims.extend(filter(None, [parts.busy_scheduler("generate")]))
        return bool(victims)

    wait_for(found, 120, "generate")
    parts.kill(victims[0])

    wait_for(lambda: dataset_head(world.store, "main", "rooms") is not None, 120, "the dataset")
    (run,) = admin.runs("build_dataset.rooms")
    assert run.ended(60) == "success"
    assert len(list(Journal(world.store, "heads/main/dataset/rooms").entries())) == 1
    assert_every_shard_once(world.store, record_folder("main", run_name(run.dag, run.run_id)), 5)
    assert parts.strays() == []
