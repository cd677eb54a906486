"""Airflow on PostgreSQL, each of its components killed in turn: no change lost, no release doubled, no orphan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from simgate.core.storage.heads import ScenesHead, dataset_head
from simgate.core.storage.journal import Journal
from simgate.plan.record import DatasetWhy, read_why, record_folder
from simgate.release.candidate import candidates
from simgate_airflow.run.run_record import run_name
from tests.e2e.airflow_client import Run, wait_for
from tests.e2e.components import COMPONENTS, Components, components
from tests.e2e.conftest import SCENES, World
from tests.many_shards import SHARDS, assert_every_shard_once, recipe
from tests.raw_ledger import Ledger
from tests.servers.cache import say
from tests.servers.postgres import Postgres, postgres

__all__ = ["postgres"]
OUTAGE_S = 3.0
HOUR_S = 180.0
"""How long the test waits before it does what the hourly reconcile would: an event may be lost, a change may not."""
# Named as Components.busy_scheduler looks for a stage.
HELD = """#!/bin/sh
exec sh -c '
while [ "$3" = generate ] && [ -e "{0}/hold" ]; do sleep 0.1; done
exec "{0}/stage" "$@"' small_stages.py "$@"
"""


@pytest.fixture(scope="module")
def cluster(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Components, World]]:
    folder = tmp_path_factory.mktemp("cluster")
    with components(postgres, folder, database="soak", max_batches="64") as found:
        python = (folder / "python").rename(folder / "stage").with_name("python")
        python.write_text(HELD.format(folder))
        python.chmod(0o755)
        yield found


@contextmanager
def generate_held(world: World) -> Iterator[None]:
    """Every process of generate that starts waits for the block's end before it works."""
    hold = world.folder / "hold"
    hold.touch()
    try:
        yield
    finally:
        hold.unlink()


def is_published(world: World, push: ScenesHead) -> bool:
    """Whether main's dataset is made of these very scenes."""
    head = dataset_head(world.store, "main", "rooms")
    why = read_why(world.store, head.run_record) if head else None
    return isinstance(why, DatasetWhy) and why.snapshot_sha256 == push.snapshot_sha256


def await_on(parts: Components, world: World, what: Callable[[], bool], said: str) -> None:
    """Wait, and start again what ends by itself, as a deployment does; in vain, tell what every run came to."""

    def seen() -> bool:
        parts.revive()
        return what()

    try:
        wait_for(seen, HOUR_S, said)
    except AssertionError as error:
        words = [f"{name} says: {parts.last_words(name)}" for name in ("scheduler-1", "scheduler-2")]
        raise AssertionError("\n".join([f"{error}; so far:", world.story(), *words])) from error


def await_event(parts: Components, world: World, what: Callable[[], bool], said: str) -> None:
    """Wait for what a push leads to; after a while as the hourly run would come."""
    try:
        await_on(parts, world, what, said)
    except AssertionError as error:
        say(f"soak: the event was lost, the reconcile comes: {error}")
        world.user("admin").trigger("build_dataset.rooms")
        await_on(parts, world, what, said)


def await_generate(parts: Components, world: World, name: str) -> None:
    """Wait until a generate is under way: a scheduler's own if one is to die, else anybody's.

    Airflow's LocalExecutor counts no running task, so that one scheduler may take all of them, far more than it has
    workers. One that has what the other should have dies too, and is away until the other has taken it over.
    """
    away: list[str] = []

    def busy() -> bool:
        found = parts.busy_scheduler("generate")
        if found is None or found == name or not name.startswith("scheduler"):
            return found is not None
        own = replace(parts, running={name: parts.running[name]}).busy_scheduler("generate")
        if own is None:
            say(f"soak: {found} has all of the work that {name} should have, and is killed first")
            parts.kill(found)
            away.append(found)
        return own is not None

    await_event(parts, world, busy, f"work for {name}")
    parts.start(*away)


def newest_gate(world: World) -> Run:
    """The release run that asks about the newest candidate, once it asks."""
    admin = world.user("admin")
    found: list[Run] = []

    def asks() -> bool:
        newest = candidates(world.store, "navigator", "demo").newest()
        runs = (run for run in admin.runs("release_model.navigator") if run.tasks.get("decide") == "awaiting_input")
        mine = (
            run
            for run in runs
            if newest and newest.candidate.run_record == record_folder("main", run_name(run.dag, run.run_id))
        )
        found[:] = list(mine)
        return bool(found) and is_of_published(world, found[0])

    wait_for(asks, 240, "the gate of the newest dataset")
    return found[0]


def is_of_published(world: World, run: Run) -> bool:
    """Whether a release run is made of the dataset that is published now."""
    why = read_why(world.store, record_folder("main", run_name(run.dag, run.run_id)))
    head = dataset_head(world.store, "main", "rooms")
    return head is not None and not isinstance(why, DatasetWhy) and why.dataset == head.validate_ref


def test_each_component_is_killed_in_turn_during_a_run_and_no_change_is_lost_and_no_release_doubled(
    cluster: tuple[Components, World],
) -> None:
    parts, world = cluster
    push = world.push()
    for name in COMPONENTS:
        # No task of a local place is deferred: a triggerer dies during a run as well, and one of the two holds the
        # watcher. It stays where it is while its triggerer lives, so one of the two kills hits it.
        with generate_held(world):
            await_generate(parts, world, name)
            parts.kill(name)
            assert parts.strays() == [], f"nothing outlives {name}"
            assert not is_published(world, push), f"{name} died during the run"
            missed = world.push(**dict.fromkeys(SCENES, f"while {name} is away"))
        time.sleep(OUTAGE_S)
        parts.start(name)
        began = time.monotonic()
        await_on(parts, world, partial(is_published, world, push), f"the push whose run lost {name}")
        say(f"soak: {name} killed during a run, which published after {time.monotonic() - began:.0f} s")
        push = missed
    await_event(parts, world, partial(is_published, world, push), "the push of the last outage")

    gate = newest_gate(world)
    gate.answer(world.user("release-manager"), "Approve").raise_for_status()
    parts.kill("scheduler-1")
    assert gate.ended(120) == "success"
    ledger = list(Journal(world.store, "ledger/navigator").entries())
    assert [entry.body["decision"]["action"] for entry in ledger].count("promote") == 1
    assert Ledger(world.store, "navigator").live("demo") is not None
    engines = [entry.candidate.evidence["hil"] for entry in candidates(world.store, "navigator", "demo").all()]
    assert len(engines) == len(set(engines)), "no observation was proposed twice"
    assert parts.strays() == []
    parts.start("scheduler-1")


def test_of_500_shards_none_is_lost_though_the_scheduler_that_makes_them_is_killed(
    cluster: tuple[Components, World],
) -> None:
    parts, world = cluster
    admin = world.user("admin")
    admin.ask("PATCH", "dags/release_model.navigator", {"is_paused": True}).raise_for_status()
    run = admin.trigger("build_dataset.rooms", recipe=recipe(SHARDS).model_dump(mode="json"))
    half = SHARDS // 3
    folder = record_folder("main", run_name(run.dag, run.run_id))
    before = len(world.store.keys("memo/main"))
    wait_for(lambda: len(world.store.keys("memo/main")) - before > half, 300, "a third of the shards")
    victims: list[str] = []

    def found() -> bool:
        victims.extend(filter(None, [parts.busy_scheduler("generate")]))
        return bool(victims)

    wait_for(found, 60, "a worker")
    parts.kill(victims[0])
    assert parts.strays() == []
    assert run.ended(300) == "success"
    assert_every_shard_once(world.store, folder, SHARDS)
    mapped = [state for task, state in run.tasks.items() if task.startswith("generate.")]
    assert mapped == ["success"] * 64
