"""simgate plan: what would run for the pushed scenes, and which part of each key moved. Runs nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from simgate.cli.console import console, show_json, show_table
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, present_store
from simgate.cli.recipes import DEFAULT_POLICY, DatasetRecipeOption, PolicyOption, ReleaseRecipeOption, read_recipe
from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import DigestMismatch, InputError, NotFound
from simgate.core.given.snapshot import read_snapshot
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.damage import pass_over
from simgate.core.storage.heads import dataset_head, scenes_head
from simgate.core.storage.store import Store
from simgate.plan.jobs import RELEASE_STAGES
from simgate.plan.outlook import REMEDY, Line, outlook
from simgate.plan.record import DatasetWhy, ReleaseWhy, Trigger
from simgate.plan.slot_name import SlotName
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe, demo_dataset_recipe, demo_release_recipe

COLOURS = {"reuse": "green", "run": "yellow", "depends": "dim"}


def plan(
    dataset_recipe: DatasetRecipeOption = None,
    release_recipe: ReleaseRecipeOption = None,
    policy: PolicyOption = DEFAULT_POLICY,
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show what would run for the pushed scenes and why: reuse, run, or depends on what runs first."""
    place = present_store(store)
    why = _dataset_why(place, domain, read_recipe(dataset_recipe, DatasetRecipe, demo_dataset_recipe()))
    lines = list(outlook(place, why))
    recipe = read_recipe(release_recipe, ReleaseRecipe, demo_release_recipe())
    lines += release_lines(place, domain, recipe, policy, settled=all(line.action == "reuse" for line in lines))
    files = changed_files(place, domain, why.snapshot_sha256)
    if as_json:
        show_json({
            "changed_files": files,
            "lines": [{"slot": str(line.slot), "action": line.action, "moved": line.moved} for line in lines],
        })  # fmt: skip
        return
    rows = [(str(line.slot), line.action, ", ".join(line.moved)) for line in lines]
    show_table(("run", "action", "what moved"), rows)
    console().print(_summary(lines, files))


def _dataset_why(store: Store, domain: str, recipe: DatasetRecipe) -> DatasetWhy:
    head = scenes_head(store, domain)
    if head is None:
        raise InputError(f"no scenes in domain {domain}", remedy="run `simgate scenes push FOLDER`")
    return DatasetWhy(
        run="outlook", domain=domain, triggers=(), people=(), pull_request=head.pull_request,
        snapshot_sha256=head.snapshot_sha256, recipe=recipe,
    )  # fmt: skip


def release_lines(store: Store, domain: str, recipe: ReleaseRecipe, policy: Path, *, settled: bool) -> list[Line]:
    """The release's outlook; it hangs on the dataset while that is still to be made."""
    if not settled or dataset_head(store, domain) is None:
        return _all_depend("the dataset comes first")
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
        return _all_depend("what it is made from is damaged")
    lines = list(outlook(store, why)) if why else []
    return lines if by_itself else [_settled(line) for line in lines]


def _all_depend(why: str) -> list[Line]:
    return [Line(SlotName(stage=stage), "depends", (why,)) for stage in RELEASE_STAGES]


def _settled(line: Line) -> Line:
    """An observation is made anew in a new run only; where the candidate is there, no run begins by itself."""
    return Line(line.slot, "reuse", ("its candidate is proposed already",)) if line.action == "run" else line


def changed_files(store: Store, domain: str, snapshot_sha256: str) -> list[str]:
    """Scene files that differ between a snapshot and the one that the published dataset was made from."""
    head = dataset_head(store, domain)
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
    """The snapshot that a dataset's index read; all its shards come of one index run."""
    manifest = read_manifest(store, validate)
    index = next(link for link in manifest.dependencies if link.name == "index")
    links = read_manifest(store, index.ref).dependencies
    return next((link.digest.sha256 for link in links if link.name == "snapshot"), "")


def _summary(lines: list[Line], files: list[str]) -> str:
    count = {action: sum(line.action == action for line in lines) for action in COLOURS}
    said = f"\n{count['reuse']} reused, {count['run']} to run, {count['depends']} depend on those"
    shown = ", ".join(files[:8]) + (" …" if len(files) > 8 else "")
    return f"{said}\nscene files that changed since the published dataset: {shown}" if files else said
