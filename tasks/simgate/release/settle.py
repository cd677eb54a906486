"""Settle: a candidate that was rejected, refused or left to lapse is quarantined, in one ledger entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from simgate.core.identity.signature import Signer
from simgate.core.storage.store import Store
from simgate.release.approval import APPROVE, REJECT, GateRecord, responder_name
from simgate.release.approvals import Approvals, keep_answer, kept_approvals
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.entry import ApprovalRef, Decision, LedgerEntry
from simgate.release.judge import ReleaseState, judge
from simgate.release.ledger import Decided, write
from simgate.release.policy import Policy
from simgate.release.rights import AUTOMATIC_NAME
from simgate.release.signatures import answer_check

REJECTED = "rejected in the gate"
STILL_WAITING = ("awaiting_input", "deferred", "running", "queued", "scheduled")


def settle(
    store: Store,
    policy: Policy,
    *,
    model: str,
    channel: str,
    candidate: str,
    gate: GateRecord | None,
    signer: Signer | None = None,
    approvals: Approvals | None = None,
) -> LedgerEntry | None:
    """Record a reject or a time-out: one entry that quarantines the candidate; None where it is live or still waits."""
    state = judge(store, policy, model).must_hold()
    if state.was_live(channel, candidate) or _undecided(
        store, policy, state.must_sign(policy, channel), candidate, gate
    ):
        return None
    entry_id = f"settle-{candidate}"
    if written := next((item for item in state.entries if item.id == entry_id), None):
        return written
    entry = candidates(store, model, channel).find(candidate)
    answer = _answer(policy, gate)
    ref = None
    if gate is not None and entry is not None:
        ref = keep_answer(approvals or Approvals(store), policy, entry, gate, [answer.why])
    try:
        return write(
            store, policy, model, lambda found: _settlement(found, policy, channel, candidate, entry, answer, ref),
            entry_id=entry_id, signer=signer,
        )  # fmt: skip
    except _WentLive:
        return None


@dataclass(frozen=True, slots=True)
class _Answer:
    """The end of a gate in the ledger's words."""

    who: str
    why: str
    rejected: bool


def _answer(policy: Policy, gate: GateRecord | None) -> _Answer:
    if gate is None or not gate.response_received or REJECT not in gate.chosen_options:
        return _Answer(AUTOMATIC_NAME, "the gate ended without an approval that counts", rejected=False)
    reason = gate.reason or "no reason given"
    return _Answer(responder_name(policy, gate), f"{REJECTED}: {reason}", rejected=True)


def _undecided(store: Store, policy: Policy, signed: bool, candidate: str, gate: GateRecord | None) -> bool:
    """Return whether somebody may still answer, or promote has yet to decide about an answer (after an outage, by a
    retry).
    """
    if gate is None:
        return False
    if not gate.response_received and gate.task_state in STILL_WAITING:
        return True
    return gate.chosen_options == (APPROVE,) and not _was_refused(store, policy, signed, candidate, gate)


def _was_refused(store: Store, policy: Policy, signed: bool, candidate: str, gate: GateRecord) -> bool:
    """Return whether promote refused this very answer; where signatures are demanded, an unsigned record does not
    count.
    """
    kept = [item for item in kept_approvals(store, candidate) if item.record.gate.approval_id == gate.approval_id]
    if signed:
        kept = [item for item in kept if not answer_check(candidate, item, policy.keys).problem]
    return any(item.record.outcome == "refused" for item in kept)


class _WentLive(Exception):
    """Promoted while settle looked."""


def _settlement(
    state: ReleaseState,
    policy: Policy,
    channel: str,
    candidate: str,
    entry: CandidateEntry | None,
    answer: _Answer,
    ref: ApprovalRef | None,
) -> Decided:
    if state.was_live(channel, candidate):
        raise _WentLive
    decision = Decision(
        action="settle", channel=channel, subject=candidate, who=answer.who, why=answer.why,
        approval=ref if answer.rejected else None, policy_sha256=policy.sha256, decided_at=datetime.now(UTC),
    )  # fmt: skip
    return Decided(decision, entry)
