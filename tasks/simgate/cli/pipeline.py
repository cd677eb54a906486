"""simgate pipeline: build_dataset and release_model on this machine without Airflow, up to the candidate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from simgate.cli.console import console, short
from simgate.cli.options import DEFAULT_STORE, DomainOption, StoreOption, open_store
from simgate.cli.recipes import (
    DEFAULT_POLICY,
    DEFAULT_RECIPES,
    DatasetOption,
    PolicyOption,
    RecipesOption,
    ReleaseOption,
    by_hand,
    one_of,
    present_recipes,
)  # fmt: skip
from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from simgate.plan.jobs import DATASET_STAGES, RELEASE_STAGES
from simgate.plan.record import DatasetWhy, ReleaseWhy, write_why
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe


def pipeline(
    scenes: Annotated[Path | None, typer.Option("--scenes", help="Push this folder first.")] = None,
    until: Annotated[str, typer.Option("--until", help="Last stage to make.")] = "propose",
    recipes: RecipesOption = DEFAULT_RECIPES,
    dataset: DatasetOption = "",
    release: ReleaseOption = "",
    policy: PolicyOption = DEFAULT_POLICY,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Shards made at once.")] = 2,
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Run both pipelines here, as subprocesses and without Airflow, up to the candidate; a person decides about it."""
    stations = (*DATASET_STAGES, *RELEASE_STAGES, "propose")
    if until not in stations:
        raise InputError("no such station", actual=until, expected=" | ".join(stations))
    place = open_store(store)
    if scenes is not None:
        _push(place, domain, scenes)
    stages = stations[: stations.index(until) + 1]
    found = present_recipes(recipes)
    if until in DATASET_STAGES and not release:
        _dataset(place, domain, one_of(found.dataset, dataset, "--dataset"), stages, workers)
        return
    releases = {item.name: item for item in found.releases_of(dataset)} if dataset else found.release
    recipe = one_of(releases, release, "--release")
    _dataset(place, domain, found.dataset[recipe.dataset], stages, workers)
    if until not in DATASET_STAGES:
        _release(place, domain, recipe, policy, stages)


def _push(store: Store, domain: str, folder: Path) -> None:
    from simgate.cli.person import declared_person
    from simgate.core.storage.heads import push_scenes

    head, is_new = push_scenes(store, domain, folder, author=declared_person(), message="simgate pipeline")
    _say("push", f"snapshot {short(head.snapshot_sha256)} {'new' if is_new else 'unchanged'}")


def _dataset(store: Store, domain: str, recipe: DatasetRecipe, stages: Sequence[str], workers: int) -> None:
    from simgate.cli.stages import walk
    from simgate.plan.dataset import plan_dataset, publish

    why = plan_dataset(store, domain=domain, recipe=recipe, run=_run_id(), triggers=[by_hand("simgate pipeline")])
    if why is None:
        _say("dataset", "judged already: nothing to do")
        return
    folder = _begin(store, why)
    for stage in DATASET_STAGES:
        if stage in stages:
            walk(store, folder, stage, workers=workers)
    if "validate" in stages:
        head, is_new = publish(store, why)
        _say("publish", f"dataset {short(head.content_digest)} {'new' if is_new else 'unchanged'}")


def _release(store: Store, domain: str, recipe: ReleaseRecipe, policy_file: Path, stages: Sequence[str]) -> None:
    from simgate.cli.stages import walk
    from simgate.core.identity.signature import own_signer
    from simgate.plan.propose import propose
    from simgate.plan.release import nothing_to_release, plan_release
    from simgate.release.policy import Policy

    policy = Policy.load(policy_file)
    triggers = [by_hand("simgate pipeline")]
    why = plan_release(store, domain=domain, recipe=recipe, policy=policy, run=_run_id(), triggers=triggers)
    if why is None:
        _say("release", "a candidate is made of this dataset and recipe already")
        return
    folder = _begin(store, why)
    for stage in (stage for stage in RELEASE_STAGES if stage in stages):
        if stage == "hil" and nothing_to_release(store, why):
            _say("release", "the engine is the live one: nothing to release")
            return
        walk(store, folder, stage, workers=1)
    if "propose" in stages:
        entry = propose(store, why, policy, own_signer())
        _say("propose", f"candidate {entry.digest} (number {entry.seq}) waits for approval in channel {recipe.channel}")


def _begin(store: Store, why: DatasetWhy | ReleaseWhy) -> str:
    folder = write_why(store, why)
    _say("plan", f"{why.kind} run for {', '.join(why.people)}  ({folder})")
    return folder


def _run_id() -> str:
    return f"here-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"


def _say(what: str, text: str) -> None:
    console().print(f"[bold]{what:9}[/] {text}")
