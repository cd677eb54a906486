"""Readers: what the judge and verify say of a mutated store, and what they may not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simgate.core.errors import SimgateError
from simgate.release.judge import ReleaseState, judge
from simgate.release.proof import Proof, prove_model
from tests.mutations.envelope import body_of
from tests.mutations.honest import CANDIDATES, CHANNEL, LEDGER, MODEL, Honest
from tests.mutations.memory_store import MemoryStore


@dataclass(frozen=True)
class Reading:
    """What the readers said."""

    state: ReleaseState | None
    """None where the judge raised instead of naming what it found."""
    refusal: str
    """The first thing that does not hold, by whichever reader; empty where all holds."""
    verified: bool
    """Whether verify found nothing."""
    holes: tuple[str, ...]
    """What was accepted and must not be."""


def read(honest: Honest, store: MemoryStore) -> Reading:
    """Both readers, and whether they took something that is not honest."""
    try:
        state = judge(store, honest.policy, MODEL)
    except SimgateError as error:
        return Reading(None, f"raised: {error}", verified=False, holes=())
    holes = list(_judge_holes(honest, store, state))
    if state.problem:
        # Verify starts with the judge: what that refuses is a finding.
        return Reading(state, f"judge: {state.problem}", verified=False, holes=tuple(holes))
    findings = verify(honest, store)
    if not findings:
        holes += [f"verify found nothing, and {key} changed" for key in changed_unseen(honest, store)]
    return Reading(state, f"verify: {findings[0]}" if findings else "", not findings, tuple(holes))


def verify(honest: Honest, store: MemoryStore) -> list[str]:
    """What `simgate verify --head` finds."""
    proof = Proof(MODEL)
    prove_model(store, honest.policy, MODEL, [honest.entries[-1].sha256], proof)
    return [item.problem for item in proof.findings]


def _judge_holes(honest: Honest, store: MemoryStore, state: ReleaseState) -> Iterator[str]:
    count = len(state.entries)
    if state.entries != honest.entries[:count]:
        yield f"the judge took an entry that nobody wrote, among {count}"
        return
    expected = honest.entries[count - 1].after.channels if count else {}
    live = {name: now.live for name, now in state.state.channels.items()}
    if live != {name: now.live for name, now in expected.items()}:
        yield "the judge calls something else live than was decided"
    if state.problem:
        return
    if count < len(honest.entries) and not _is_cut(honest, store, count):
        yield f"the judge found nothing wrong, and took {count} of {len(honest.entries)} entries"
    found = state.live(CHANNEL)
    if found is not None and _changed(honest, store, found.evidence["export"].uri):
        yield "the judge calls an engine live whose export run changed"


def _is_cut(honest: Honest, store: MemoryStore, count: int) -> bool:
    """The one thing that a store cannot show: the newest entries are gone, with whatever was proposed after them."""
    left = {key for key in store.files if key.startswith(f"{LEDGER}/")}
    if left != {f"{LEDGER}/{number:012d}.json" for number in range(1, count + 1)}:
        return False
    gone = {entry.sha256 for entry in honest.entries[count:]}
    for entry in honest.candidates:
        if _changed(honest, store, f"{CANDIDATES}/{entry.seq:012d}.json"):
            return True
        if entry.candidate.replaces in gone:
            return False
    return True


def changed_unseen(honest: Honest, store: MemoryStore) -> Iterator[str]:
    """What is not as it was of all that verify answers for."""
    undecided = f"{CANDIDATES}/{honest.waiting.seq:012d}.json"
    # A candidate that nothing stands on can be taken away: then it is not asked about, and what it stood on with it.
    covered = honest.covered if undecided in store.files else honest.covered_by_live
    yield from (key for key in sorted(covered) if _changed(honest, store, key))
    journals = (key for key in store.files if key.startswith((f"{LEDGER}/", f"{CANDIDATES}/")))
    yield from (key for key in journals if key not in honest.files and key.endswith(".json"))


def _changed(honest: Honest, store: MemoryStore, key: str) -> bool:
    """Whether an object says something else; another good signature of the same is no change."""
    now, was = store.files.get(key), honest.files[key]
    if now is None or now is was:
        return now is None
    return body_of(now) != honest.bodies[key] if honest.is_sealed(key) else now != was


def evidence_changed(honest: Honest, store: MemoryStore, uris: Iterator[str]) -> list[str]:
    """Which of these objects are not as they were."""
    return [uri for uri in uris if _changed(honest, store, uri)]
