"""Dataset planning: level-triggered. Events are hints; the store says whether the scenes' head is judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError
from simgate.core.given.snapshot import read_snapshot
from simgate.core.identity.code import code_digest
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.job import MAIN
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.heads import DatasetBody, DatasetHead, ScenesHead, dataset_head, publish_dataset, scenes_head
from simgate.core.storage.store import Store
from simgate.plan.jobs import DATASET_STAGES, NotReady, find, slots_of
from simgate.plan.record import DatasetWhy, Trigger, record_folder
from simgate.plan.scenes import choose_scenes
from simgate.plan.tries import Tries
from simgate.rows.runtime import runtime_of
from simgate.specs.recipe import DatasetRecipe


def plan_dataset(
    store: Store, *, domain: str, recipe: DatasetRecipe, run: str, triggers: Sequence[Trigger]
) -> DatasetWhy | None:
    """Plan the run of the head; None where the head is judged (PASS or FAIL) and its dataset is the published one."""
    head = scenes_head(store, domain)
    if head is None:
        raise InputError(f"no scenes in domain {domain}", remedy="run `simgate scenes push FOLDER`")
    why = dataset_why(store, head, domain, recipe, run, triggers)
    if _settled(store, why):
        return None
    _tries(store, why).count(by_hand=any(trigger.kind == "manual" for trigger in triggers))
    return why


def dataset_why(
    store: Store, head: ScenesHead, domain: str, recipe: DatasetRecipe, run: str, triggers: Sequence[Trigger]
) -> DatasetWhy:
    """Build the why.json of a run about one push; a recipe that takes a scene which is not pushed is refused."""
    kind: Literal["push", "pull_request"] = "push" if domain == MAIN else "pull_request"
    push = Trigger(kind=kind, who=head.author, detail=f"push {head.seq}: {head.message}"[:2000], at=head.at)
    chain = (*triggers, push)
    people = tuple(sorted({trigger.who for trigger in chain if trigger.who}))
    return DatasetWhy(
        run=run,
        domain=domain,
        triggers=chain,
        people=people,
        pull_request=head.pull_request,
        snapshot_sha256=head.snapshot_sha256,
        recipe=recipe,
        recipe_sha256=recipe.sha256,
        scenes=choose_scenes(recipe, read_snapshot(store, head.snapshot_sha256, domain).files),
        dataset_seed=recipe.seed_of(datetime.now(UTC).date()),
    )


def judged(store: Store, why: DatasetWhy) -> ManifestRef | None:
    """Return the committed validate manifest for exactly this snapshot and recipe, or None."""
    try:
        return find(store, slots_of(store, why, "validate")[0])
    except NotReady:
        return None


def _settled(store: Store, why: DatasetWhy) -> bool:
    ref = judged(store, why)
    if ref is None:
        return False
    manifest = read_manifest(store, ref)
    verdict = read_verdict(store, manifest)
    if verdict is None or verdict.verdict != "PASS":
        return True
    # An edit that is taken back is judged already, and still has to become the published dataset again.
    published = dataset_head(store, why.domain, why.recipe.name)
    return published is not None and published.content_digest == manifest.content_digest


def _tries(store: Store, why: DatasetWhy) -> Tries:
    code = [code_digest(*runtime_of(stage, why.recipe).modules) for stage in DATASET_STAGES]
    return Tries(store, why, [why.snapshot_sha256, why.recipe_sha256, why.dataset_seed, *code])


def publish(store: Store, why: DatasetWhy) -> tuple[DatasetHead, bool]:
    """Make the run's dataset the domain's; False where it has the same content as the one before."""
    ref = judged(store, why)
    if ref is None:
        raise NotReady("validate is not committed", remedy="it comes first")
    return publish_judged(store, why, ref)


def publish_judged(store: Store, why: DatasetWhy, ref: ManifestRef) -> tuple[DatasetHead, bool]:
    """Publish as `publish` does, for a caller that asked `judged` already: that costs a read for each shard."""
    body = DatasetBody(
        validate_ref=ref,
        content_digest=read_manifest(store, ref).content_digest,
        run_record=record_folder(why.domain, why.run),
    )
    _tries(store, why).clear()
    return publish_dataset(store, why.domain, why.recipe.name, body)
