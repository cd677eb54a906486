"""simgate plan: the runs that the pushed scenes need, and which part of each key moved. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from simgate.cli.console import console, show_json, show_table
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, present_store
from simgate.cli.recipes import (
    DEFAULT_POLICY,
    DEFAULT_RECIPES,
    DatasetOption,
    PolicyOption,
    RecipesOption,
    ReleaseOption,
    one_of,
    present_recipes,
)  # fmt: skip
from simgate.cli.scenes import tell_left_out
from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import DigestMismatch, InputError, NotFound
from simgate.core.given.snapshot import read_snapshot
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.damage import pass_over
from simgate.core.storage.heads import ScenesHead, dataset_head, scenes_head
from simgate.core.storage.store import Store
from simgate.plan.dataset import dataset_why
from simgate.plan.jobs import RELEASE_STAGES
from simgate.plan.outlook import REMEDY, Line, outlook
from simgate.plan.record import ReleaseWhy, Trigger
from simgate.plan.scenes import left_out
from simgate.plan.slot_name import SlotName
from simgate.rows.stages import STAGES
from simgate.specs.recipe import ReleaseRecipe
from simgate.specs.recipe_file import Recipes


@dataclass(frozen=True, slots=True)
class RecipeOutlook:
    """The runs that one dataset recipe and its releases need."""

    dataset: str
    lines: list[Line]
    """Of the dataset."""
    releases: dict[str, list[Line]]
    """Of each release, by its name."""
    files: list[str]
    """Scene files that changed since it was published."""

    def parts(self) -> list[tuple[str, list[Line]]]:
        """Return the lines of the dataset and of each release, with the name of the recipe."""
        return [(self.dataset, self.lines), *self.releases.items()]


COLOURS = {"reuse": "green", "run": "yellow", "depends": "dim"}


def plan(
    recipes: RecipesOption = DEFAULT_RECIPES,
    dataset: DatasetOption = "",
    release: ReleaseOption = "",
    policy: PolicyOption = DEFAULT_POLICY,
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show which runs the pushed scenes need and why: reuse, run, or depends on an earlier run.

    Of every recipe in the folder, unless one is named.
    """
    place = present_store(store)
    head = _head(place, domain)
    found = present_recipes(recipes)
    chosen = [
        _outlook_of(place, domain, head, found, name, policy, release) for name in _datasets(found, dataset, release)
    ]
    unused = left_out(found.dataset.values(), read_snapshot(place, head.snapshot_sha256, domain).files)
    if as_json:
        show_json(_as_json(chosen, unused))
        return
    for item in chosen:
        if len(chosen) > 1:
            console().print(f"\n[bold]{item.dataset}[/]")
        for name, lines in item.parts():
            if len(item.releases) > 1:
                console().print(f"[bold]{name}[/]")
            show_table(("run", "action", "why"), [(str(x.slot), x.action, ", ".join(x.moved)) for x in lines])
        console().print(_summary([line for _, lines in item.parts() for line in lines], item.files))
    tell_left_out(unused)


def _as_json(chosen: Sequence[RecipeOutlook], unused: Sequence[str]) -> dict[str, object]:
    return {
        "changed_files": sorted({file for item in chosen for file in item.files}),
        "left_out": list(unused),
        "lines": [
            {"recipe": name, "slot": str(line.slot), "action": line.action, "moved": line.moved}
            for item in chosen
            for name, lines in item.parts()
            for line in lines
        ],
    }


def _datasets(found: Recipes, dataset: str, release: str) -> list[str]:
    """Return names of the dataset recipes that are asked for; all of them where none is named."""
    if release:
        return [one_of(found.release, release, "--release").dataset]
    if dataset or not found.dataset:
        return [one_of(found.dataset, dataset, "--dataset").name]
    return list(found.dataset)


def _outlook_of(
    store: Store, domain: str, head: ScenesHead, found: Recipes, name: str, policy: Path, release: str
) -> RecipeOutlook:
    why = dataset_why(store, head, domain, found.dataset[name], "outlook", ())
    lines = list(outlook(store, why))
    settled = all(line.action == "reuse" for line in lines)
    releases = {
        item.name: release_lines(store, domain, item, policy, settled=settled)
        for item in found.releases_of(name)
        if item.name == (release or item.name)
    }
    return RecipeOutlook(name, lines, releases, changed_files(store, domain, name, why.snapshot_sha256))


def _head(store: Store, domain: str) -> ScenesHead:
    head = scenes_head(store, domain)
    if head is None:
        raise InputError(f"no scenes in domain {domain}", remedy="run `simgate scenes push FOLDER`")
    return head


def release_lines(store: Store, domain: str, recipe: ReleaseRecipe, policy: Path, *, settled: bool) -> list[Line]:
    """Return the release's outlook; its stages depend on the dataset while that is still to be made."""
    if not settled or dataset_head(store, domain, recipe.dataset) is None:
        return _all_depend(recipe, "the dataset comes first")
    from simgate.plan.release import plan_release
    from simgate.release.policy import Policy

    rules = Policy.load(policy)

    def planned(trigger: Trigger) -> ReleaseWhy | None:
        return plan_release(store, domain=domain, recipe=recipe, policy=rules, run="outlook", triggers=[trigger])

    now = datetime.now(UTC)
    try:
        by_itself = planned(Trigger(kind="reconcile", who="", detail="outlook", at=now))
        why = by_itself or planned(Trigger(kind="manual", who="", detail="outlook", at=now))
    except (DigestMismatch, NotFound) as error:
        pass_over("what the release is made from", error, remedy=REMEDY)
        return _all_depend(recipe, "what it is made from is damaged")
    lines = list(outlook(store, why)) if why else []
    return lines if by_itself else settled_lines(lines)


def _all_depend(recipe: ReleaseRecipe, why: str) -> list[Line]:
    stages = [stage for stage in RELEASE_STAGES if stage != "hil" or recipe.hil is not None]
    return [Line(SlotName(stage=stage), "depends", (why,)) for stage in stages]


def settled_lines(lines: Sequence[Line]) -> list[Line]:
    """Say why nothing starts by itself: a run is at work, or there is a decision, or a candidate that waits for one.

    Only a new run makes an observation again, so that of a candidate is shown as reused.
    """
    observed = [line for line in lines if STAGES.find(line.slot.stage).kind == "observation"]
    if any(line.action != "reuse" for line in lines if line not in observed):
        return [replace(line, moved=("a run is at work",)) if line.action == "run" else line for line in lines]
    proposed = ("its candidate is proposed already",)
    return [replace(line, action="reuse", moved=proposed) if line.action == "run" else line for line in lines]


def changed_files(store: Store, domain: str, name: str, snapshot_sha256: str) -> list[str]:
    """Return scene files that differ between a snapshot and the one that the published dataset was made from."""
    head = dataset_head(store, domain, name)
    try:
        before = snapshot_of(store, head.validate_ref) if head else ""
        if not before:
            return []
        old, new = (read_snapshot(store, sha256, domain).files for sha256 in (before, snapshot_sha256))
    except (DigestMismatch, NotFound) as error:
        pass_over("what the published dataset was made from", error, remedy=REMEDY)
        return []
    return sorted(path for path in {*old, *new} if old.get(path) != new.get(path))


def snapshot_of(store: Store, validate: ManifestRef) -> str:
    """Return the snapshot that a dataset's index read; all its shards come of one index run."""
    manifest = read_manifest(store, validate)
    index = next(link for link in manifest.dependencies if link.name == "index")
    links = read_manifest(store, index.ref).dependencies
    return next((link.digest.sha256 for link in links if link.name == "snapshot"), "")


def _summary(lines: Sequence[Line], files: list[str]) -> str:
    count = {action: sum(line.action == action for line in lines) for action in COLOURS}
    said = f"\n{count['reuse']} reused, {count['run']} to run, {count['depends']} depend on those"
    shown = ", ".join(files[:8]) + (" …" if len(files) > 8 else "")
    return f"{said}\nscene files that changed since the published dataset: {shown}" if files else said
