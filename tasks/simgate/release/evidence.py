"""Evidence: whether a candidate's manifests say what its channel's policy demands, each read and verified anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.document import Document
from simgate.core.errors import DigestMismatch, Inconclusive, InputError, NotFound
from simgate.core.given.snapshot import snapshot_domain
from simgate.core.runtime.attempt import Failure, Started, read_verdict
from simgate.core.runtime.job import MAIN
from simgate.core.runtime.manifest import MANIFEST_NAME, Manifest, parse_manifest, read_manifest
from simgate.core.storage.store import Store
from simgate.release.candidate import CLOCKS_DIFFER, Candidate
from simgate.release.comparison import compare, worse_figures
from simgate.release.entry import State
from simgate.release.lineage import lineages, verify_bytes, walk
from simgate.release.outcome import outcome, outcome_problems
from simgate.release.policy import Channel, Role
from simgate.release.reference import asked
from simgate.release.softening import softenings
from simgate.rows.evidence import DRIVEN, REQUIRED, SPLIT_OF_ROLE, STAGE_OF_ROLE, STANDS_ON, required_of
from simgate.rows.families import FAMILIES
from simgate.specs.bounds import broken_bounds


def evidence_problems(
    store: Store, channel: Channel, candidate: Candidate, state: State, *, at: datetime, later: bool = False
) -> Iterator[str]:
    """Yield each reason why the evidence is not enough for a release at a time, by the state before it.

    `later` looks back at a release: then only the observations count that the candidate names, not newer ones.
    """
    try:
        family = _family(store, candidate)
        wanted = required_of(family) if family else REQUIRED
        if missing := [role for role in (*wanted, *channel.gates) if role not in candidate.evidence]:
            yield f"evidence is missing: {', '.join(dict.fromkeys(missing))}"
            return
        found = {role: read_manifest(store, ref) for role, ref in candidate.evidence.items()}
        yield from _places(candidate)
        yield from _one_family(family, found)
        yield from _origins(store, candidate, found)
        yield from _chain(store, candidate, found)
        yield from _gates(store, channel, found)
        yield from _age(channel, found, at)
        yield from _bench(store, channel, found)
        yield from _observations(store, channel, candidate, found["export"], state, later=later)
        yield from quarantine_problems(store, candidate, state)
        yield from damage_problems(store, candidate)
        yield from _worse_than_live(store, channel, candidate, found, state)
    except (NotFound, DigestMismatch, InputError) as error:
        # Damage is a reason to refuse; a store that does not answer is none, and raises.
        yield f"evidence cannot be read: {error}"
    except (ValueError, TypeError, KeyError) as error:
        yield f"evidence is malformed: {error!r}"


class _OfFamily(Document):
    family: str | None = None


class _OnBench(Document):
    bench: str = ""


def family_of_run(manifest: Manifest) -> str:
    """Return the model family that a run is about; empty for a stage that is about none."""
    return manifest.part_of_spec(_OfFamily).family or ""


def _family(store: Store, candidate: Candidate) -> str:
    """Return the family that the candidate was trained as; empty where no run says so, which spares no evidence."""
    ref = candidate.evidence.get("train")
    return family_of_run(read_manifest(store, ref)) if ref else ""


def _one_family(family: str, found: Mapping[Role, Manifest]) -> Iterator[str]:
    """Check that each gate judged a model of the trained family, which decides which gates there are."""
    for role, manifest in found.items():
        judged = manifest.part_of_spec(_OfFamily).family
        if judged not in (None, family):
            yield f"evidence {role} judges a {judged}, and the candidate was trained as {family}"


def _chain(store: Store, candidate: Candidate, found: Mapping[Role, Manifest]) -> Iterator[str]:
    """Check that the manifests are one chain, by content, since a reused run stands on an equal, older one."""
    for role, manifest in found.items():
        if manifest.stage != STAGE_OF_ROLE[role]:
            yield f"evidence {role} is a {manifest.stage} run"
        if manifest.domain != "main":
            yield f"evidence {role} was made in domain {manifest.domain}"
    for about, upstream in STANDS_ON:
        if about in found and found[upstream].content_digest not in _upstream(store, found[about], upstream):
            yield f"evidence {about} is not about the candidate's {upstream} run"
    yield from _own_splits(store, found)
    if found["export"].content_digest != candidate.engine:
        yield f"engine {candidate.engine} is not what export left ({found['export'].content_digest})"


def _own_splits(store: Store, found: Mapping[Role, Manifest]) -> Iterator[str]:
    """Check that each run stands on its own split of the candidate's dataset, and on no other."""
    for about, split in SPLIT_OF_ROLE.items():
        if about not in found:
            continue
        if found["validate"].artifact(f"splits/{split}.json").sha256 not in _splits(store, found[about], split):
            yield f"evidence {about} does not stand on the candidate's dataset"
        if others := sorted(_split_names(found[about]) - {f"splits/{split}.json"}):
            yield f"evidence {about} stands on {', '.join(others)} too: only the {split} split is its own"


def _places(candidate: Candidate) -> Iterator[str]:
    """Check that each manifest lies where only its stage's role may write."""
    for role, ref in candidate.evidence.items():
        own = f"runs/main/{STAGE_OF_ROLE[role]}/"
        if not ref.uri.startswith(own):
            yield f"evidence {role} does not lie under {own}: {ref.uri}"


def _origins(store: Store, candidate: Candidate, found: Mapping[Role, Manifest]) -> Iterator[str]:
    """Check that the observation is this run's own, and the rest main's, by runs whose records name people."""
    for own in (found[role].run_record for role in DRIVEN if role in found):
        if own != candidate.run_record:
            yield f"the observation was made for {own}, not for the candidate's {candidate.run_record}"
    for node in (node for tree in lineages(store, list(candidate.evidence.values())) for node in walk(tree)):
        if node.kind == "snapshot":
            if snapshot_domain(node.uri) != MAIN:
                yield f"evidence stands on scenes of domain {snapshot_domain(node.uri)}"
            continue
        if not node.uri.startswith(f"runs/{MAIN}/"):
            yield f"evidence stands on another domain's work: {node.uri}"
        if not node.run_record.startswith((f"plans/{MAIN}/", f"hand/{MAIN}/")):
            yield f"evidence stands on a run without a record: {node.uri} names {node.run_record!r}"


def _upstream(store: Store, manifest: Manifest, stage: str) -> set[str]:
    links = (link for link in manifest.dependencies if link.name == stage)
    return {read_manifest(store, link.ref).content_digest for link in links}


def _splits(store: Store, manifest: Manifest, split: str) -> set[str]:
    name = f"splits/{split}.json"
    links = (link for link in manifest.dependencies if link.name == "validate" and link.annotations.output == name)
    return {read_manifest(store, link.ref).artifact(name).sha256 for link in links}


def _split_names(manifest: Manifest) -> set[str]:
    """Return outputs of validate that a run was made from; the whole of validate counts as both splits."""
    outputs = (link.annotations.output for link in manifest.dependencies if link.name == "validate")
    return {output or "the whole dataset" for output in outputs}


def _gates(store: Store, channel: Channel, found: Mapping[Role, Manifest]) -> Iterator[str]:
    yield from (str(softening) for softening in softenings(store, channel, found))
    for gate in channel.gates:
        verdict = read_verdict(store, found[gate])
        if verdict is None or verdict.verdict != "PASS":
            yield f"{gate} says {'; '.join(verdict.reasons) if verdict else 'nothing'}"
            continue
        yield from (f"{gate} says PASS, but {broken}" for broken in broken_bounds(asked(found[gate]), verdict.metrics))


def _age(channel: Channel, found: Mapping[Role, Manifest], at: datetime) -> Iterator[str]:
    oldest = at - timedelta(hours=channel.max_evidence_age_h)
    soon = at + CLOCKS_DIFFER
    for role, manifest in found.items():
        finished = datetime.fromisoformat(manifest.predicate.run_details.metadata.finished_on)
        if finished > soon:
            yield f"evidence {role} was made in the future, at {finished}"
        if role == "hil" and finished < oldest:
            yield f"evidence {role} is too old: made at {finished}, the channel wants it after {oldest}"


def _bench(store: Store, channel: Channel, found: Mapping[Role, Manifest]) -> Iterator[str]:
    for bench in (bench for role in DRIVEN if role in found for bench in benches(store, found[role])):
        if bench not in channel.benches:
            yield f"the bench was {bench!r}; the channel takes {' or '.join(channel.benches)}"


def benches(store: Store, hil: Manifest) -> tuple[str, ...]:
    """Name the bench that was asked for and, where it is another, the one that the link led to.

    A verdict that does not say that a device was there says that none was.
    """
    verdict = read_verdict(store, hil)
    opened = "device" if verdict is not None and verdict.metrics.get("bench_emulated") == 0.0 else "emulated"
    return tuple(dict.fromkeys((hil.part_of_spec(_OnBench).bench, opened)))


def _observations(
    store: Store, channel: Channel, candidate: Candidate, export: Manifest, state: State, *, later: bool
) -> Iterator[str]:
    """Judge every observation of the engine: a retry hides no FAIL, and a rerun no aborted attempt."""
    waived = {waiver.manifest for waiver in state.waivers if waiver.channel == candidate.channel}
    folders = observations(store, MAIN, export.content_digest)
    for folder, noted in sorted(candidate.observations.items()):
        yield from outcome_problems(store, folder, noted)
    if later:
        folders = {folder: item for folder, item in folders.items() if folder in candidate.observations}
    for folder, item in folders.items():
        if isinstance(item, Manifest):
            verdict = read_verdict(store, item)
            if (verdict is None or verdict.verdict != "PASS") and sha256_hex(item.to_json()) not in waived:
                yield f"observation {folder} says FAIL: {'; '.join(verdict.reasons) if verdict else 'no verdict'}"
    aborted = [folder for folder, item in folders.items() if _aborted(item)]
    if len(aborted) > channel.max_aborted_observations:
        yield f"{len(aborted)} observations were begun and came to no end, e.g. {aborted[0]}"


def _aborted(item: Manifest | Failure | Started) -> bool:
    """Return whether the attempt was killed or stopped, perhaps before a FAIL. An inconclusive one has ended."""
    return isinstance(item, Started) or (isinstance(item, Failure) and item.error != Inconclusive.__name__)


def observations(store: Store, domain: str, engine: str) -> dict[str, Manifest | Failure | Started]:
    """Return every attempt at a bench run of one engine, whatever its spec, by folder."""
    keys = set(store.keys(f"runs/{domain}/hil"))
    folders = sorted(key.removesuffix("/started.json") for key in keys if key.endswith("/started.json"))
    return {folder: _attempt(store, folder, keys) for folder in folders if engine in _inputs(store, folder)}


def observed(store: Store, domain: str, engine: str) -> dict[str, str]:
    """Return how each observation of that engine has ended so far, as a candidate notes it."""
    return {folder: outcome(store, folder) for folder in observations(store, domain, engine)}


def _inputs(store: Store, folder: str) -> tuple[str, ...]:
    return Started.from_json(store.get(f"{folder}/started.json"), what=f"start {folder}").inputs


def _attempt(store: Store, folder: str, keys: set[str]) -> Manifest | Failure | Started:
    if f"{folder}/{MANIFEST_NAME}" in keys:
        return parse_manifest(store.get(f"{folder}/{MANIFEST_NAME}"), what=f"manifest {folder}")
    if f"{folder}/failure.json" in keys:
        return Failure.from_json(store.get(f"{folder}/failure.json"), what=f"failure {folder}")
    return Started.from_json(store.get(f"{folder}/started.json"), what=f"start {folder}")


class Standing(Protocol):
    """A holder of evidence: a candidate, or a model that was live."""

    @property
    def evidence(self) -> Mapping[Role, ManifestRef]: ...
    @property
    def engine(self) -> str: ...


def quarantine_problems(store: Store, model: Standing, state: State) -> Iterator[str]:
    """Yield each quarantined digest among a model's own and those that it was made from."""
    barred = {item.digest: item.why for item in state.quarantined}
    if model.engine in barred:
        yield f"engine {model.engine[:12]} is quarantined: {barred[model.engine]}"
    for tree in lineages(store, list(model.evidence.values())):
        for node in walk(tree):
            if found := next((item for item in (node.content_digest, node.sha256) if item in barred), None):
                yield f"{node.name} is quarantined: {barred[found]}"


def damage_problems(store: Store, model: Standing) -> Iterator[str]:
    """Yield each file of the evidence, the engine's among them, that is gone or differs from its manifest."""
    for role, ref in model.evidence.items():
        for artifact in read_manifest(store, ref).artifacts:
            for finding in verify_bytes(store, artifact.uri, artifact.sha256, f"{role}'s {artifact.name}"):
                yield finding.problem


def _worse_than_live(
    store: Store, channel: Channel, candidate: Candidate, found: Mapping[Role, Manifest], state: State
) -> Iterator[str]:
    before = state.channels.get(candidate.channel)
    if before is None or before.live is None:
        return
    live_train = read_manifest(store, before.live.evidence["train"]).content_digest
    if live_train == found["train"].content_digest:
        return
    if "evaluate_live" not in found or live_train not in _upstream(store, found["evaluate_live"], "train"):
        yield "the live model was not evaluated beside the candidate"
        return
    if not FAMILIES.find(_family(store, candidate)).commands:
        yield from worse_figures(store, found["evaluate"], found["evaluate_live"])
        return
    try:
        compared = compare(store, found["evaluate"], found["evaluate_live"])
    except InputError as error:
        yield str(error)
        return
    if compared.p_value < channel.not_worse_than_live.alpha:
        yield (
            f"significantly worse than live: {compared.lost} episodes lost, {compared.won} won, "
            f"exact McNemar p = {compared.p_value:.4f}"
        )
