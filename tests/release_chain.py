"""A small but whole chain of evidence, written with the real Attempt: what promote and verify read."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any, cast, get_args

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.names import Split
from simgate.core.errors import InputError, SimgateError
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.identity.signature import Signer, encode, new_private_key
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.job import Input, Job, ManifestInput, SnapshotInput
from simgate.core.runtime.manifest import read_manifest
from simgate.core.runtime.statement import statement
from simgate.core.storage.heads import push_scenes
from simgate.core.storage.store import Store
from simgate.documents.dataset import ShardEntry, SplitDocument
from simgate.documents.evaluation import Evaluation, Interval
from simgate.documents.scene import SceneItem
from simgate.release.approval import APPROVE, GateRecord, subject_of
from simgate.release.approvals import Approvals
from simgate.release.candidate import Candidate, CandidateEntry, candidates
from simgate.release.evidence import observed
from simgate.release.lineage import people_of
from simgate.release.policy import Policy, Role
from simgate.release.reference import Gate, Reference
from simgate.release.trusted_key import KeyRole, TrustedKey
from simgate.rows.stages import STAGES
from simgate.specs.bounds import bounds
from simgate.specs.generate import GenerateSpec
from simgate.specs.index import SceneChoice
from simgate.specs.recipe import DatasetRecipe, SceneRule
from simgate.specs.validate import ValidateSpec
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe
from tests.raw_ledger import Ledger

DATASET = DatasetRecipe(
    name="rooms",
    scenes=(
        SceneRule(name="a", root="a.usda", split="eval", episodes=1),
        SceneRule(name="b", root="b.usda", split="train", episodes=2),
    ),
    simulation=demo_dataset_recipe().simulation.model_copy(update={"frames_per_episode": 2}),
    validate_spec=ValidateSpec(),
)
REFERENCE = Reference.of(DATASET, demo_release_recipe())
"""What the chain asks, to the letter."""


def on_bench(bench: str) -> dict[str, Any]:
    """The reference as a policy file has it, for another bench."""
    value = REFERENCE.model_dump(mode="json")
    return {**value, "hil": {**value["hil"], "bench": bench}}


POLICY = Policy.from_value(
    {
        "version": 2,
        "people": [
            {"name": "author", "emails": ["author@example.org"], "airflow_ids": ["author"]},
            {"name": "starter", "emails": [], "airflow_ids": ["starter"]},
            {"name": "boss", "emails": ["boss@example.org"], "airflow_ids": ["boss"]},
            {"name": "robot", "emails": [], "airflow_ids": ["robot"], "automatic": True},
        ],
        "channels": {
            "demo": {
                "gates": ["validate", "evaluate", "export", "hil"],
                "reference": on_bench("emulated"),
                "benches": ["emulated"],
                "approvers": ["boss", "author", "starter", "robot"],
                "allow_automatic": True,
            },
            "production": {
                "gates": ["validate", "evaluate", "export", "hil"],
                "reference": on_bench("device"),
                "benches": ["device"],
                "approvers": ["boss", "robot"],
            },
        },
    },
    what="policy of the tests",
)


def new_signer() -> Signer:
    """A fresh key."""
    return Signer.from_pem(new_private_key(), what="a key of the tests")


def trusted(role: KeyRole, signer: Signer, **changes: Any) -> TrustedKey:
    """The policy's entry of a key."""
    return TrustedKey(id=signer.keyid, role=role, public_key=encode(signer.public_key), **changes)


def signed_policy(*keys: TrustedKey) -> Policy:
    """The policy with its channel `demo` signed, and these keys."""
    demo = POLICY.channels["demo"].model_copy(update={"signed": True})
    return POLICY.model_copy(update={"channels": {**POLICY.channels, "demo": demo}, "keys": keys})


NOW = "2026-01-01T00:00:00.000Z"


@dataclass
class Chain:
    """A store with one chain of evidence; every knob is a planted defect."""

    store: Store
    folder: Path
    model: str = "navigator"
    channel: str = "demo"
    verdicts: dict[str, bool] = field(default_factory=dict)
    asks: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Fields of a stage's spec, dotted, that differ from the reference."""
    metrics: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """Metrics of a gate's verdict that differ from what just passes."""
    scenes: Sequence[SceneChoice | SceneRule] = DATASET.scenes
    """Of the dataset."""
    bench: str = "emulated"
    successes: Sequence[bool] = (True,) * 12
    weights: bytes = b"weights"
    people: tuple[str, ...] = ("author@example.org",)
    run: str = "release-1"
    nonce: str = "0123456789abcdef"
    family: str = "navigator"
    """What the model is trained as."""
    figures: tuple[float, float] = (0.8, 0.9)
    """The 95 % interval of every bounded metric of a model that drives nothing."""
    policy: Policy = POLICY
    signers: Mapping[KeyRole, Signer] = field(default_factory=dict)
    """Who signs what: without a gate's, manifests are bare, and so on."""

    def evidence(self) -> dict[Role, ManifestRef]:
        """Make every run from the scenes on."""
        validate = self.dataset()
        train = self.commit(
            "train",
            {"family": self.family, "weights": self.weights.hex()},
            [ManifestInput(ref=validate, output="splits/train.json")],
            {"model.safetensors": self.weights},
        )
        split = ManifestInput(ref=validate, output="splits/eval.json")
        whole = ManifestInput(ref=train)
        evaluate = self.evaluate(train, validate)
        engine = {"engine/engine.json": b"{}", "engine/model.onnx": b"onnx of " + self.weights}
        export = self.commit("export", self.spec("export"), [whole, split], engine, gate=True)
        hil = self.observe(export, split)
        return {"validate": validate, "train": train, "evaluate": evaluate, "export": export, "hil": hil}

    def evaluate(self, train: ManifestRef, validate: ManifestRef) -> ManifestRef:
        """A model judged on a dataset: the candidate's, or the live one's beside it."""
        inputs = [ManifestInput(ref=train), ManifestInput(ref=validate, output="splits/eval.json")]
        return self.commit(
            "evaluate", self.spec("evaluate"), inputs, {"evaluation.json": self._evaluation()}, gate=True
        )

    def observe(self, export: ManifestRef, split: ManifestInput) -> ManifestRef:
        """One bench run."""
        inputs = [ManifestInput(ref=export), split]
        return self.commit("hil", self.spec("hil"), inputs, {"hil.json": b"{}"}, gate=True, nonce=self.nonce)

    def dataset(self) -> ManifestRef:
        """Scenes, one shard, one dataset."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "a.usda").write_text("#usda 1.0\n")
        head, _ = push_scenes(self.store, "main", self.folder, author="author@example.org", message="scenes")
        index = self.commit(
            "index", {}, [SnapshotInput(sha256=head.snapshot_sha256)], {"scenes/a.json": b"{}", "shards.json": b"{}"}
        )
        shard = self.commit(
            "generate",
            self.spec("generate"),
            [ManifestInput(ref=index, output="scenes/a.json")],
            {"shard.tar": b"tar"},
        )
        made = read_manifest(self.store, shard).content_digest
        splits = {f"splits/{side}.json": self._split(side, made) for side in get_args(Split)}
        documents = {**splits, "dataset.json": b"{}"}
        return self.commit("validate", self.spec("validate"), [ManifestInput(ref=shard)], documents, gate=True)

    def spec(self, stage: str) -> dict[str, Any]:
        """What the chain asks of a stage: what the reference does, with the planted changes."""
        simulation = REFERENCE.dataset.simulation
        value: dict[str, Any] = (
            GenerateSpec(**simulation.model_dump(), scene="a", first_episode=0, episodes=1).model_dump(mode="json")
            if stage == "generate"
            else _of_reference(cast("Gate", stage))
        )
        if stage == "hil":
            value["bench"] = self.bench
        for path, changed in self.asks.get(stage, {}).items():
            *parents, name = path.split(".")
            reduce(lambda inner, parent: inner[parent], parents, value)[name] = changed
        return value

    def _split(self, side: Split, shard: str) -> bytes:
        """The document of one side; both sides' episodes are in the one shard."""
        scenes = [scene for scene in self.scenes if scene.split == side]
        frames = self.spec("generate")["frames_per_episode"]
        items = tuple(
            SceneItem(
                name=scene.name, root=scene.root, split=side, closure=(), closure_sha256="0" * 64, labels=(),
                lights=(), meters_per_unit=1.0, up_axis="Z", drive="differential",
            )
            for scene in scenes
        )  # fmt: skip
        entries = tuple(
            ShardEntry(
                content_digest=shard, scene=scene.name, first_episode=0, episodes=scene.episodes,
                frames=scene.episodes * frames, files=(),
            )
            for scene in scenes
        )  # fmt: skip
        total = sum(entry.frames for entry in entries)
        return SplitDocument(split=side, scenes=items, shards=entries, classes=("box",), frames=total).to_json()

    def commit(
        self,
        stage: str,
        spec: Mapping[str, Any],
        inputs: Sequence[Input],
        outputs: Mapping[str, bytes],
        *,
        gate: bool = False,
        nonce: str | None = None,
    ) -> ManifestRef:
        """Commit one run the way a stage does."""
        reasons = () if self.verdicts.get(stage, True) else (f"{stage} was planted to fail",)
        signer = self.signers.get("gate") if gate else None
        job = self.job(stage, spec, inputs, nonce)
        bench = {"bench_emulated": float(self.bench == "emulated")} if stage == "hil" else {}
        metrics = {**passing(stage, spec), **bench, **self.metrics.get(stage, {})} if gate else {}
        return fulfil(self.store, job, outputs, reasons if gate else None, signer, metrics)

    def job(self, stage: str, spec: Mapping[str, Any], inputs: Sequence[Input], nonce: str | None = None) -> Job:
        """A job of this chain's run."""
        folder = f"plans/main/{self.run}"
        if not self.store.exists(f"{folder}/why.json"):
            self.store.create(f"{folder}/why.json", json.dumps({"people": list(self.people)}).encode())
        return Job(
            stage=stage,
            spec=dict(spec),
            inputs=tuple(inputs),
            domain="main",
            code_digest="0" * 64,
            lock_digest="1" * 64,
            run_record=folder,
            nonce=nonce,
        )

    def candidate(self, evidence: Mapping[Role, ManifestRef], **changes: Any) -> Candidate:
        """A candidate of that evidence that replaces the ledger's head."""
        head = Ledger(self.store, self.model).head()
        engine = read_manifest(self.store, evidence["export"]).content_digest
        made = Candidate(
            model=self.model,
            channel=self.channel,
            engine=engine,
            evidence=dict(evidence),
            policy_sha256=self.policy.sha256,
            replaces=head.sha256 if head else "",
            expires_at=datetime.now(UTC) + timedelta(hours=1),
            nonce=secrets.token_hex(16),
            run_record=f"plans/main/{self.run}",
            authors=tuple(sorted(people_of(self.store, evidence.values()))),
            observations=observed(self.store, "main", engine),
        )
        return made.model_copy(update=changes)

    def propose(self, **changes: Any) -> CandidateEntry:
        """Evidence and candidate in one."""
        return self.add(self.candidate(self.evidence(), **changes))

    def add(self, candidate: Candidate) -> CandidateEntry:
        """Append a candidate, signed where the chain has a planner's key."""
        return candidates(self.store, self.model, self.channel, self.signers.get("planner")).add(candidate)

    @property
    def approvals(self) -> Approvals:
        """Keeps answers, signed where the chain has an approval key."""
        return Approvals(self.store, self.signers.get("approval"))

    def _evaluation(self) -> bytes:
        episodes = [
            {"scene": "a", "episode": number, "outcome": "success" if good else "timeout"}
            for number, good in enumerate(self.successes)
        ]
        if self.family == "navigator":
            return json.dumps({"episodes": episodes}).encode()
        low, high = self.figures
        interval = Interval(value=(low + high) / 2, low=low, high=high)
        intervals = dict.fromkeys(self.spec("evaluate")["at_least"], interval)
        return Evaluation(family=self.family, intervals=intervals, by_class={}).to_json()


def _of_reference(gate: Gate) -> dict[str, Any]:
    spec = REFERENCE.spec(gate)
    assert spec is not None
    return spec.model_dump(mode="json")


def passing(stage: str, spec: Mapping[str, Any]) -> dict[str, float]:
    """Metrics that just meet every bound of a spec; none of one that no stage would take."""
    try:
        typed = STAGES.find(stage).spec_type.from_value(dict(spec), what="spec of the tests")
    except InputError:
        return {}
    return {bound.metric: bound.limit for bound in bounds(typed)}


def fulfil(
    store: Store,
    job: Job,
    outputs: Mapping[str, bytes],
    reasons: Sequence[str] | None = None,
    signer: Signer | None = None,
    metrics: Mapping[str, float] | None = None,
) -> ManifestRef:
    """Commit a job with given outputs instead of doing its work; with `reasons` it is a gate, FAIL if there are any."""
    loaded = load_inputs(store, job)
    parts = key_parts(job, loaded)
    attempt = Attempt(store, job, parts, loaded)
    for name, data in outputs.items():
        attempt.write(name, data, "application/octet-stream")
    if reasons is not None:
        attempt.verdict(not reasons, list(reasons), passing(job.stage, job.spec) if metrics is None else metrics)
    made = statement(attempt, parts, loaded, place="local", started_on=NOW, finished_on=datetime.now(UTC).isoformat())
    return attempt.commit(made, signer)[0]


def abort(store: Store, job: Job) -> None:
    """Begin a job and leave it at that."""
    loaded = load_inputs(store, job)
    Attempt(store, job, key_parts(job, loaded), loaded)


def end(store: Store, job: Job, error: SimgateError) -> None:
    """Begin a job and end it with an error."""
    loaded = load_inputs(store, job)
    Attempt(store, job, key_parts(job, loaded), loaded).fail(error, error.exit_code)


def answer(entry: CandidateEntry, **changes: Any) -> GateRecord:
    """The gate of a good approval by boss, with planted changes."""
    good = GateRecord(
        dag_id="release_model.navigator",
        run_id="manual__1",
        task_id="decide",
        try_number=1,
        try_started_at=entry.at + timedelta(milliseconds=1),
        task_state="success",
        subject=subject_of(entry),
        response_received=True,
        chosen_options=(APPROVE,),
        responder_id="boss",
        responder_name="boss",
        reason="it drives well",
        responded_at=entry.at + timedelta(milliseconds=2),
        assigned_ids=("boss", "author", "starter", "robot"),
        all_admins=False,
        run_started_by=(),
        touched_by=(),
    )
    return good.model_copy(update=changes)


def next_run(chain: Chain, number: int, **changes: Any) -> Chain:
    """The same store, another release run."""
    return replace(chain, **{"run": f"release-{number}", "nonce": f"{number:016x}", **changes})
