"""Jobs: the runs that each stage of a pipeline needs, derived from the RunRecord and what is committed so far."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.stage_spec import Spec
from simgate.core.errors import InputError, SimgateError
from simgate.core.identity.key import KeyParts, key_parts, load_inputs
from simgate.core.runtime.job import Input, Job, ManifestInput, SnapshotInput
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.many import at_once
from simgate.core.storage.memo import Run, committed_run
from simgate.core.storage.store import Store
from simgate.documents.dataset import SplitDocument
from simgate.documents.shard_plan import ShardPlan
from simgate.plan.record import DatasetWhy, ReleaseWhy, read_why, record_folder
from simgate.plan.slot_name import ShardName, SlotName
from simgate.rows.runtime import identity_of, runtime_of
from simgate.rows.stages import STAGES, Subject, Upstream, stages_of
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.generate import GenerateSpec
from simgate.specs.index import IndexSpec

DATASET_STAGES = stages_of("dataset")
RELEASE_STAGES = stages_of("release")


class NotReady(SimgateError):
    """An upstream stage is not committed yet."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One run that a stage needs."""

    name: SlotName
    job: Job
    known: dict[str, Manifest] = field(default_factory=dict, compare=False, repr=False)
    """Manifests of its inputs by sha256, as far as finding them read them."""


def slots(store: Store, folder: str, stage: str) -> tuple[Slot, ...]:
    """Return the runs of one stage; NotReady while an input of theirs is not committed."""
    return slots_of(store, read_why(store, folder), stage)


def slots_of(store: Store, why: DatasetWhy | ReleaseWhy, stage: str) -> tuple[Slot, ...]:
    """Return the slots of a stage, from a RunRecord that need not be written yet."""
    if isinstance(why, DatasetWhy) and stage in _DATASET:
        return _DATASET[stage](store, why)
    if isinstance(why, ReleaseWhy) and stage in _RELEASE:
        return _RELEASE[stage](store, why)
    raise InputError(
        f"a {why.kind} run has no stage {stage}", expected=" | ".join(_DATASET if why.kind == "dataset" else _RELEASE)
    )


def parts_of(store: Store, slot: Slot, known: dict[str, Manifest] | None = None) -> KeyParts:
    """Return the parts of the slot's key; `known` as in `load_inputs`."""
    if known is not None:
        known.update(slot.known)
    return key_parts(slot.job, load_inputs(store, slot.job, slot.known if known is None else known))


def find(store: Store, slot: Slot) -> ManifestRef | None:
    """Return the committed run of a slot: its key recomputed, its memo read."""
    return find_all(store, [slot])[0]


def find_all(store: Store, wanted: Sequence[Slot]) -> list[ManifestRef | None]:
    """Find the committed runs of several slots at the same time: memo and manifest of each, and each different input
    once.
    """
    return [run.ref if run else None for run in _runs(store, wanted)]


def _runs(store: Store, wanted: Sequence[Slot]) -> list[Run | None]:
    known: dict[str, Manifest] = {}
    keys = [parts_of(store, slot, known).run_key for slot in wanted]
    return at_once(lambda pair: committed_run(store, pair[0].job, pair[1]), list(zip(wanted, keys, strict=True)))


def the(store: Store, slot: Slot) -> ManifestRef:
    """Return the committed run of a slot, or NotReady."""
    return all_of(store, [slot])[0]


def all_of(store: Store, wanted: Sequence[Slot]) -> list[ManifestRef]:
    """Return the committed runs of several slots, or NotReady."""
    return [run.ref for run in _all_runs(store, wanted)]


def _all_runs(store: Store, wanted: Sequence[Slot]) -> list[Run]:
    found = _runs(store, wanted)
    for slot, run in zip(wanted, found, strict=True):
        if run is None:
            raise NotReady(f"{slot.name} is not committed", remedy="it comes first")
    return [run for run in found if run is not None]


def image_of(slot: Slot) -> str:
    """Name the image of a slot's job as a pod: its stage's, or that of a row that its spec names."""
    spec = STAGES.find(slot.job.stage).spec_type.from_value(slot.job.spec, what=f"spec of {slot.name}")
    return runtime_of(slot.job.stage, spec).image


def batches(pending: Sequence[Slot], at_most: int) -> tuple[tuple[Slot, ...], ...]:
    """Deal the slots out into at most `at_most` even batches of neighbours, so that a scene is opened once."""
    count = min(at_most, len(pending))
    bounds = [round(number * len(pending) / count) for number in range(count + 1)] if count else []
    return tuple(tuple(pending[low:high]) for low, high in pairwise(bounds))


def write_jobs(store: Store, folder: str, wanted: Sequence[Slot]) -> tuple[str, ...]:
    """Write each slot's job; their keys, for `--job`."""
    keys = []
    for slot in wanted:
        data = slot.job.to_json()
        key = f"{folder}/jobs/{slot.job.stage}-{hashlib.sha256(data).hexdigest()[:16]}.json"
        store.create(key, data)
        keys.append(key)
    return tuple(keys)


def make_job(
    stage: str, spec: Spec, inputs: Sequence[Input], *, domain: str, run_record: str, nonce: str | None = None
) -> Job:
    """Return a job for this process's own code and locks."""
    code, lock, others = identity_of(runtime_of(stage, spec))
    return Job(
        stage=stage,
        spec=spec.model_dump(mode="json"),
        inputs=tuple(inputs),
        domain=domain,
        nonce=nonce if STAGES.find(stage).kind == "observation" else None,
        code_digest=code,
        lock_digest=lock,
        distributions=others,
        run_record=run_record,
    )


def _slot(why: DatasetWhy | ReleaseWhy, name: SlotName, spec: Spec, inputs: Sequence[Input]) -> Slot:
    nonce = why.nonce if isinstance(why, ReleaseWhy) else None
    folder = record_folder(why.domain, why.run)
    return Slot(name, make_job(name.stage, spec, inputs, domain=why.domain, run_record=folder, nonce=nonce))


def _index(_store: Store, why: DatasetWhy) -> tuple[Slot, ...]:
    recipe = why.recipe
    spec = IndexSpec(scenes=why.scenes, episodes_per_shard=recipe.episodes_per_shard, classes=recipe.simulation.classes)
    return (_slot(why, SlotName(stage="index"), spec, [SnapshotInput(sha256=why.snapshot_sha256)]),)


def _generate(store: Store, why: DatasetWhy) -> tuple[Slot, ...]:
    return _shards(store, why, the(store, _index(store, why)[0]))


def _shards(store: Store, why: DatasetWhy, index: ManifestRef) -> tuple[Slot, ...]:
    plan = ShardPlan.from_json(store.read(read_manifest(store, index).artifact("shards.json")), what="shards.json")
    found = []
    for shard in plan.shards:
        common = why.simulation.model_dump()
        spec = GenerateSpec(**common, scene=shard.scene, first_episode=shard.first_episode, episodes=shard.episodes)
        made = ShardName(scene=shard.scene, first_episode=shard.first_episode, episodes=shard.episodes)
        item = ManifestInput(ref=index, output=f"scenes/{shard.scene}.json")
        found.append(_slot(why, SlotName(stage="generate", shard=made), spec, [item]))
    return tuple(found)


def _validate(store: Store, why: DatasetWhy) -> tuple[Slot, ...]:
    index = the(store, _index(store, why)[0])
    made = _all_runs(store, _shards(store, why, index))
    shards = [ManifestInput(ref=run.ref) for run in made]
    scenes = [ManifestInput(ref=index, output=f"scenes/{scene.name}.json") for scene in why.scenes]
    slot = _slot(why, SlotName(stage="validate"), why.recipe.validate_spec, [*shards, *scenes])
    slot.known.update({run.ref.sha256: run.manifest for run in made})
    return (slot,)


def _one(stage: str, store: Store, why: ReleaseWhy) -> tuple[Slot, ...]:
    """Return the one run of a stage: the recipe's field of its name asks for it, its row says what it is made from."""
    spec: Spec | None = getattr(why.recipe, stage)
    if spec is None:
        return ()
    inputs = [_taken(store, why, item) for item in STAGES.find(stage).upstream]
    return (_slot(why, SlotName(stage=stage), spec, inputs),)


def _taken(store: Store, why: ReleaseWhy, item: Upstream) -> ManifestInput:
    """Return one thing that a stage is made from: a side of the dataset, or the candidate's run of a stage before."""
    ref = why.dataset if item.split is not None else the(store, slots_of(store, why, item.stage)[0])
    return ManifestInput(ref=ref, output=item.output or None)


def _evaluate(store: Store, why: ReleaseWhy) -> tuple[Slot, ...]:
    """Return one run a model, alike but for the model."""
    spec = _evaluate_spec(store, why)
    candidate, split = (_taken(store, why, item) for item in STAGES.find("evaluate").upstream)
    models: dict[Subject, ManifestInput] = {"candidate": candidate}
    if why.live is not None and why.live.train != candidate.ref:
        models["live"] = candidate.model_copy(update={"ref": why.live.train})
    return tuple(
        _slot(why, SlotName(stage="evaluate", subject=subject), spec, [model, split])
        for subject, model in models.items()
    )


def _evaluate_spec(store: Store, why: ReleaseWhy) -> EvaluateSpec:
    return why.recipe.evaluate_spec(why.simulation, _eval_split_document(store, why).scenes[0].name)


def _eval_split_document(store: Store, why: ReleaseWhy) -> SplitDocument:
    data = store.read(read_manifest(store, why.dataset).artifact("splits/eval.json"))
    return SplitDocument.from_json(data, what="splits/eval.json")


_DATASET: dict[str, Callable[[Store, DatasetWhy], tuple[Slot, ...]]] = {
    "index": _index,
    "generate": _generate,
    "validate": _validate,
}
_RELEASE: dict[str, Callable[[Store, ReleaseWhy], tuple[Slot, ...]]] = {
    **{stage: partial(_one, stage) for stage in RELEASE_STAGES},
    "evaluate": _evaluate,
}
