"""Promote: the only way to go live. Reads the store, the gate's own record and the policy, and checks all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from simgate.core.errors import Refused
from simgate.core.identity.signature import Signer
from simgate.core.storage.store import Store
from simgate.release.approval import (
    GateRecord,
    answer_problems,
    approved_why,
    author_problems,
    responder_name,
    subject_of,
)
from simgate.release.approvals import Approvals, keep_answer
from simgate.release.authors import authors_of
from simgate.release.candidate import Candidate, CandidateEntry, candidates
from simgate.release.entry import ApprovalRef, Decision, LedgerEntry
from simgate.release.evidence import evidence_problems
from simgate.release.judge import ReleaseState, judge
from simgate.release.ledger import Decided, check_replaces, write
from simgate.release.policy import Policy
from simgate.release.signatures import release_problems, signer_problems


def promote(
    store: Store,
    policy: Policy,
    *,
    model: str,
    channel: str,
    gate: GateRecord,
    signer: Signer | None = None,
    approvals: Approvals | None = None,
) -> LedgerEntry:
    """Write one ledger entry that makes the newest candidate live; or raise Refused, with every reason kept in the
    store.

    A second call with the same answer (a retried task) returns the entry that the first one wrote. `approvals` keeps
    the answer, in a signed channel under the approval role's own key.
    """
    kept_by = approvals or Approvals(store)
    state = judge(store, policy, model)
    entry = candidates(store, model, channel).newest()
    if entry is None:
        raise Refused(f"{model} has no candidate for channel {channel}", remedy="run release_model")
    if not state.problem and (written := _written(state, entry, gate)):
        return written
    reasons = list(dict.fromkeys(_problems(store, policy, state, entry, gate, signer, kept_by.signer)))
    if reasons:
        keep_answer(kept_by, policy, _asked_about(store, entry, gate), gate, reasons)
        raise Refused(f"candidate {entry.digest[:12]} is not promoted: " + "; ".join(reasons))
    ref = keep_answer(kept_by, policy, entry, gate, [])
    return write(
        store, policy, model, lambda found: _promotion(store, found, policy, entry, gate, ref),
        entry_id=f"promote-{entry.digest}-{gate.approval_id}", signer=signer,
    )  # fmt: skip


def _asked_about(store: Store, newest: CandidateEntry, gate: GateRecord) -> CandidateEntry:
    """Return the candidate that the gate asked about: a refusal is kept under it, since a newer one still waits."""
    every = candidates(store, newest.candidate.model, newest.candidate.channel).all()
    return next((entry for entry in every if subject_of(entry) == gate.subject), newest)


def _written(state: ReleaseState, entry: CandidateEntry, gate: GateRecord) -> LedgerEntry | None:
    """Return the entry that an earlier call with the same answer about the same candidate wrote."""
    mine = (item for item in state.entries if item.approval_id == gate.approval_id)
    return next((item for item in mine if item.decision.subject == entry.digest), None)


def _problems(
    store: Store,
    policy: Policy,
    state: ReleaseState,
    entry: CandidateEntry,
    gate: GateRecord,
    signer: Signer | None,
    reader: Signer | None,
) -> Iterator[str]:
    candidate = entry.candidate
    rules = policy.channel(candidate.channel)
    if state.problem:
        yield f"the ledger does not hold: {state.problem}"
    if state.must_sign(policy, candidate.channel):
        yield from signer_problems(signer, "ledger", policy.keys)
        yield from signer_problems(reader, "approval", policy.keys)
        yield from release_problems(store, entry, policy.keys)
    if candidate.policy_sha256 != policy.sha256:
        yield "the policy changed since the candidate was proposed"
    if (state.head.sha256 if state.head else "") != candidate.replaces:
        yield "the ledger moved on since the candidate was proposed"
    if gate.approval_id in {item.approval_id for item in state.entries}:
        yield "this approval was used before"
    if state.is_quarantined(entry.digest):
        yield "the candidate is quarantined"
    yield from answer_problems(policy, rules, entry, gate, at=datetime.now(UTC))
    yield from _not_four_eyes(store, policy, candidate, gate)
    yield from evidence_problems(store, rules, candidate, state.state, at=datetime.now(UTC))


def _not_four_eyes(store: Store, policy: Policy, candidate: Candidate, gate: GateRecord) -> Iterator[str]:
    found = authors_of(store, candidate)
    yield from found.problems
    yield from author_problems(policy, gate, found.people)


def _promotion(
    store: Store, state: ReleaseState, policy: Policy, entry: CandidateEntry, gate: GateRecord, ref: ApprovalRef
) -> Decided:
    candidate = entry.candidate
    check_replaces(state.head, candidate.replaces)
    newest = candidates(store, candidate.model, candidate.channel).newest()
    if newest is None or newest.digest != entry.digest:
        raise Refused(f"candidate {entry.digest[:12]} was superseded while it was checked")
    decision = Decision(
        action="promote", channel=candidate.channel, subject=entry.digest, who=responder_name(policy, gate),
        why=approved_why(gate), approval=ref, policy_sha256=policy.sha256, decided_at=datetime.now(UTC),
    )  # fmt: skip
    return Decided(decision, entry)
