"""Honest: a signed store in which all kinds of things were decided, and what is true of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import Inconclusive
from simgate.core.given.snapshot import file_key, read_snapshot
from simgate.core.identity.signature import Signer
from simgate.core.runtime.attempt import ENVELOPE_NAME
from simgate.core.runtime.job import ManifestInput
from simgate.core.runtime.manifest import read_manifest
from simgate.release.approval import REJECT
from simgate.release.candidate import CandidateEntry
from simgate.release.decision import Word, quarantine, waive
from simgate.release.entry import LedgerEntry
from simgate.release.judge import judge
from simgate.release.lineage import Node, lineages, walk
from simgate.release.policy import Policy
from simgate.release.promote import promote
from simgate.release.settle import settle
from simgate.release.trusted_key import KeyRole
from tests.mutations.envelope import body_of
from tests.mutations.memory_store import MemoryStore
from tests.release_chain import POLICY, Chain, answer, end, new_signer, next_run, trusted

MODEL, CHANNEL, OTHER_CHANNEL = "navigator", "demo", "lax"
LEDGER, CANDIDATES = f"ledger/{MODEL}", f"candidates/{MODEL}/{CHANNEL}"


@dataclass(frozen=True)
class Honest:
    """What a store says before anybody meddles with it."""

    chain: Chain
    policy: Policy
    signers: Mapping[KeyRole, Signer]
    files: Mapping[str, bytes]
    """Every object by its key."""
    bodies: Mapping[str, bytes]
    """Every object without its signature."""
    entries: tuple[LedgerEntry, ...]
    candidates: tuple[CandidateEntry, ...]
    covered: frozenset[str]
    """Keys of what must not change unseen: ledger, candidates, answers, policies, evidence, observations."""
    covered_by_live: frozenset[str]
    """Those of them that do not belong to the candidate that waits."""

    def is_sealed(self, key: str) -> bool:
        """Whether an object lies in an envelope."""
        return self.bodies[key] != self.files[key]

    @property
    def waiting(self) -> CandidateEntry:
        """Proposed, and not decided."""
        return self.candidates[-1]


def honest_store(folder: Path) -> Honest:
    """Two promotions under two policies, a quarantine, a waived FAIL, a reject, and a candidate that waits."""
    story = _Story(folder)
    story.tell()
    store, files = story.store, dict(story.store.files)
    state = judge(store, story.policy, MODEL).must_hold()
    bodies = {key: body_of(data) for key, data in files.items()}
    live, waiting = _covered(store, story.proposed[1]), _covered(store, story.proposed[-1])
    candidate = f"{CANDIDATES}/{len(story.proposed):012d}.json"
    told = {key for key in files if key.startswith(("ledger/", "candidates/", "approvals/", "policies/"))}
    return Honest(
        story.chain, story.policy, story.signers, files, bodies, state.entries, tuple(story.proposed),
        frozenset(told | live | waiting), frozenset((told | live) - {candidate}),
    )  # fmt: skip


def _covered(store: MemoryStore, entry: CandidateEntry) -> set[str]:
    """What a candidate stands on; the signature of a FAIL aside, which the candidate names by its digest."""
    found = set(_evidence(store, list(entry.candidate.evidence.values())))
    for folder in entry.candidate.observations:
        passed = b'"verdict":"PASS"' in store.files.get(f"{folder}/verdict.json", b"")
        found |= {key for key in store.keys(folder) if passed or not key.endswith(ENVELOPE_NAME)}
    return found


def _evidence(store: MemoryStore, refs: list[ManifestRef]) -> Iterator[str]:
    """Keys of manifests, signatures, outputs and scenes that a model stands on."""
    for ref in refs:
        envelope = f"{ref.uri.rpartition('/')[0]}/{ENVELOPE_NAME}"
        if store.exists(envelope):
            yield envelope
    for node in (node for tree in lineages(store, refs) for node in walk(tree)):
        yield from _made(store, node)


def _made(store: MemoryStore, node: Node) -> Iterator[str]:
    yield node.uri
    if node.kind == "snapshot":
        yield from (file_key(store, file.sha256, "main") for file in read_snapshot(store, node.sha256).files.values())
        return
    manifest = read_manifest(store, ManifestRef(uri=node.uri, sha256=node.sha256))
    yield from (item.uri for item in (*manifest.artifacts, *manifest.byproducts))


class _Story:
    """Makes the history, entry after entry."""

    def __init__(self, folder: Path) -> None:
        self.signers: dict[KeyRole, Signer] = {}
        for role in ("gate", "planner", "approval", "ledger"):
            self.signers[role] = new_signer()
        keys = tuple(trusted(role, signer) for role, signer in self.signers.items())
        strict = POLICY.channels[CHANNEL].model_copy(update={"signed": True})
        channels = {**POLICY.channels, CHANNEL: strict, OTHER_CHANNEL: POLICY.channels[CHANNEL]}
        self.policy = POLICY.model_copy(update={"channels": channels, "keys": keys})
        before = {**channels, CHANNEL: strict.model_copy(update={"max_evidence_age_h": 100.0})}
        earlier = self.policy.model_copy(update={"channels": before})
        self.store = MemoryStore()
        self.chain = Chain(self.store, folder / "scenes", policy=earlier, signers=self.signers)
        self.proposed: list[CandidateEntry] = []

    def tell(self) -> None:
        """Everything, in order."""
        ledger = self.signers["ledger"]
        self._promote(self._propose(b"first"))
        self.chain.policy = self.policy
        quarantine(
            self.store, self.policy, model=MODEL, digest="d" * 64, by=Word("boss", "a shelf was missing"), signer=ledger
        )
        failed = self._observe(b"second")
        waive(
            self.store, self.policy, model=MODEL, channel=CHANNEL, manifest=failed,
            by=Word("boss", "the cable was loose", "starter"), signer=ledger,
        )  # fmt: skip
        self._promote(self._propose(b"second"))
        self._reject(self._propose(b"third"))
        self._observe(b"fourth", good=True)
        self._propose(b"fourth")

    def _observe(self, weights: bytes, *, good: bool = False) -> str:
        """A bench run, and one that proves nothing, of the engine that is proposed next; the first's digest."""
        number = len(self.proposed) + 11
        run = next_run(self.chain, number, weights=weights, verdicts={"hil": good})
        evidence = run.evidence()
        split = ManifestInput(ref=evidence["validate"], output="splits/eval.json")
        inputs = [ManifestInput(ref=evidence["export"]), split]
        job = run.job("hil", {"bench": "emulated"}, inputs, f"{number + 100:016x}")
        end(self.store, job, Inconclusive("the camera starved"))
        return evidence["hil"].sha256

    def _propose(self, weights: bytes) -> CandidateEntry:
        run = next_run(self.chain, len(self.proposed) + 1, weights=weights)
        evidence = run.evidence()
        live = judge(self.store, self.chain.policy, MODEL).live(CHANNEL)
        if live is not None:
            evidence["evaluate_live"] = live.evidence["evaluate"]
        self.proposed.append(run.add(run.candidate(evidence)))
        return self.proposed[-1]

    def _promote(self, entry: CandidateEntry) -> None:
        promote(
            self.store, self.chain.policy, model=MODEL, channel=CHANNEL, gate=answer(entry),
            signer=self.signers["ledger"], approvals=self.chain.approvals,
        )  # fmt: skip

    def _reject(self, entry: CandidateEntry) -> None:
        settle(
            self.store, self.policy, model=MODEL, channel=CHANNEL, candidate=entry.digest,
            gate=answer(entry, chosen_options=(REJECT,)), signer=self.signers["ledger"], approvals=self.chain.approvals,
        )  # fmt: skip
