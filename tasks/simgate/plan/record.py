"""RunRecord: the folder of one run. `why.json` first, then one create-only line a task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.artifact import ManifestRef, Sha256
from simgate.core.documents.canonical import parse_json
from simgate.core.documents.document import Document
from simgate.core.errors import InputError, NotFound
from simgate.core.runtime.job import Domain
from simgate.core.storage.store import Store
from simgate.plan.slot_name import SlotName
from simgate.specs.generate import SimulationSpec
from simgate.specs.index import SceneChoice
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe


class Trigger(Document):
    """One link of the chain from a run back to people."""

    kind: Literal["push", "nightly", "reconcile", "pull_request", "manual", "dataset"]
    who: Annotated[str, Field(max_length=200)]
    """Commit e-mail or Airflow user; empty where a clock did it."""
    detail: Annotated[str, Field(max_length=2000)]
    at: datetime


class DatasetWhy(Document):
    """The reason and the request of a dataset run."""

    version: Literal[1] = 1
    kind: Literal["dataset"] = "dataset"
    run: str
    domain: Domain
    triggers: tuple[Trigger, ...]
    people: tuple[str, ...]
    """Everybody who wrote or started something that this run is made of."""
    pull_request: str
    snapshot_sha256: Sha256
    recipe: DatasetRecipe
    recipe_sha256: Sha256
    scenes: Annotated[tuple[SceneChoice, ...], Field(min_length=1, max_length=10_000)]
    """Scenes of the push that the recipe's rules took."""
    dataset_seed: Annotated[int, Field(ge=0, le=2**53 - 1)]
    """The recipe's, or the one drawn for the day of the plan."""

    @property
    def simulation(self) -> SimulationSpec:
        """The recipe's simulation, with the seed of this run."""
        return self.recipe.simulation.model_copy(update={"dataset_seed": self.dataset_seed})


class LiveBefore(Document):
    """The live model that a candidate is compared with."""

    train: ManifestRef
    export_content: Sha256


class ReleaseWhy(Document):
    """The reason and the request of a release run."""

    version: Literal[1] = 1
    kind: Literal["release"] = "release"
    run: str
    domain: Domain
    triggers: tuple[Trigger, ...]
    people: tuple[str, ...]
    pull_request: str
    dataset: ManifestRef
    """The validate manifest of the dataset."""
    simulation: SimulationSpec
    """The dataset's simulation: the closed loop drives in the same simulator."""
    recipe: ReleaseRecipe
    recipe_sha256: Sha256
    policy_sha256: Sha256
    replaces: str
    """Digest of the ledger's head; empty for an empty ledger."""
    live: LiveBefore | None
    """None while the channel has no live model."""
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """Of this run's observations."""


class TaskLine(Document):
    """One result of a task."""

    slot: SlotName
    ref: ManifestRef
    outcome: Literal["made", "reused"]

    @property
    def stage(self) -> str:
        """Stage that was run."""
        return self.slot.stage


class TaskLines(Document):
    """`tasks/<task>.json`."""

    version: Literal[1] = 1
    lines: tuple[TaskLine, ...]


def record_folder(domain: str, run: str) -> str:
    """Return the folder of a run's record; characters that a file name should not have become `-`."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", run).strip(".-")
    if not name or len(name) > 200:
        raise InputError("run id is unusable", actual=repr(run[:80]), expected="1 to 200 letters, digits, . _ -")
    return f"plans/{domain}/{name}"


def write_why(store: Store, why: DatasetWhy | ReleaseWhy) -> str:
    """Write why.json, once; the folder."""
    folder = record_folder(why.domain, why.run)
    store.create(f"{folder}/why.json", why.to_json())
    return folder


def read_why(store: Store, folder: str) -> DatasetWhy | ReleaseWhy:
    """Return the run's why.json."""
    value = parse_json(store.get(f"{folder}/why.json"), what=f"{folder}/why.json")
    kind = DatasetWhy if isinstance(value, dict) and value.get("kind") == "dataset" else ReleaseWhy
    return kind.from_value(value, what=f"{folder}/why.json")


def find_why(store: Store, folder: str) -> DatasetWhy | ReleaseWhy | None:
    """Return the run's why.json, or None before plan wrote it."""
    try:
        return read_why(store, folder)
    except NotFound:
        return None


def record_task(store: Store, folder: str, task: str, lines: Sequence[TaskLine]) -> None:
    """Record a task's results as made or reused; a retry gets a new number and overwrites nothing."""
    data = TaskLines(lines=tuple(lines)).to_json()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", task)
    taken = set(store.keys(f"{folder}/tasks"))
    number = sum(key.startswith(f"{folder}/tasks/{name}.") for key in taken) + 1
    store.create(f"{folder}/tasks/{name}.{number}.json", data)


def task_lines(store: Store, folder: str) -> tuple[TaskLine, ...]:
    """Return every line of a run, by task."""
    keys = store.keys(f"{folder}/tasks")
    documents = (TaskLines.from_json(store.get(key), what=key) for key in keys)
    return tuple(line for document in documents for line in document.lines)


def run_folders(store: Store, domain: str) -> list[str]:
    """Return folders of all runs of a domain that have a why.json, sorted by name."""
    ends = "/why.json"
    return [key.removesuffix(ends) for key in store.keys(f"plans/{domain}") if key.endswith(ends)]
