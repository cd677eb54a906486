"""Promote: the only way to go live. Believes nothing but the store, the gate's own record and the policy."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from simgate.core.errors import Refused
from simgate.core.signature import Signer
from simgate.core.store import Store
from simgate.release.approval import (
    APPROVE,
    REJECT,
    ApprovalRecord,
    GateRecord,
    answer_problems,
    author_problems,
    responder_name,
)
from simgate.release.authors import authors_of
from simgate.release.candidate import Candidate, CandidateEntry, candidates
from simgate.release.decision import barred
from simgate.release.entry import (
    EMPTY,
    ChannelState,
    LedgerBody,
    LedgerEntry,
    LiveModel,
    State,
)
from simgate.release.evidence import evidence_problems
from simgate.release.ledger import Ledger
from simgate.release.policy import Policy
from simgate.release.signatures import release_problems

REJECTED = "rejected in the gate"


def promote(
    store: Store, policy: Policy, *, model: str, channel: str, gate: GateRecord, signer: Signer | None = None
) -> LedgerEntry:
    """One ledger entry that makes the newest candidate live; or Refused, with every reason kept in the store.

    A second call with the same answer (a retried task) returns the entry that the first one wrote.
    """
    ledger = Ledger(store, model, signer)
    # All of them: a chain that is broken further back is no chain, and raises.
    entry = next(iter(deque(candidates(store, model, channel).all(), maxlen=1)), None)
    if entry is None:
        raise Refused(f"{model} has no candidate for channel {channel}", remedy="run release_model")
    # Signatures first: an entry that somebody forged under our own id is no entry of ours.
    forged = list(release_problems(store, entry, policy.keys, signer)) if policy.channel(channel).signed else []
    written = next((item for item in ledger.history() if item.approval == gate.approval_id), None)
    if not forged and written is not None and written.id == _entry_id(entry, gate):
        return written
    reasons = list(dict.fromkeys([*forged, *_problems(store, policy, ledger, entry, gate)]))
    if reasons:
        _keep(store, policy, entry.digest, gate, "refused", reasons)
        raise Refused(f"candidate {entry.digest[:12]} is not promoted: " + "; ".join(reasons))
    _keep(store, policy, entry.digest, gate, "accepted", [])
    return ledger.append(
        _entry_id(entry, gate),
        lambda head: _promotion(store, head, policy, entry, gate),
        replaces=entry.candidate.replaces,
    )


def _entry_id(entry: CandidateEntry, gate: GateRecord) -> str:
    return f"promote-{entry.digest}-{gate.approval_id}"


def _problems(store: Store, policy: Policy, ledger: Ledger, entry: CandidateEntry, gate: GateRecord) -> Iterator[str]:
    candidate = entry.candidate
    rules = policy.channel(candidate.channel)
    head = ledger.head()
    state = head.after if head else EMPTY
    if candidate.policy_sha256 != policy.sha256:
        yield "the policy changed since the candidate was proposed"
    if (head.sha256 if head else "") != candidate.replaces:
        yield "the ledger moved on since the candidate was proposed"
    if any(item.approval == gate.approval_id for item in ledger.history()):
        yield "this approval was used before"
    if any(item.digest == entry.digest for item in state.quarantined):
        yield "the candidate is quarantined"
    yield from answer_problems(policy, rules, entry, gate)
    yield from _not_four_eyes(store, policy, candidate, gate)
    yield from evidence_problems(store, rules, candidate, state)


def _not_four_eyes(store: Store, policy: Policy, candidate: Candidate, gate: GateRecord) -> Iterator[str]:
    found = authors_of(store, candidate)
    yield from found.problems
    yield from author_problems(policy, gate, found.people)


def _promotion(
    store: Store, head: LedgerEntry | None, policy: Policy, entry: CandidateEntry, gate: GateRecord
) -> LedgerBody:
    state = head.after if head else EMPTY
    candidate = entry.candidate
    newest = candidates(store, candidate.model, candidate.channel).newest()
    if newest is None or newest.digest != entry.digest:
        raise Refused(f"candidate {entry.digest[:12]} was superseded while it was checked")
    live = LiveModel(
        candidate=entry.digest, engine=candidate.engine, evidence=candidate.evidence, since=datetime.now(UTC)
    )
    before = state.channels.get(candidate.channel)
    after = ChannelState(live=live, previous=before.live if before else None)
    return LedgerBody(
        action="promote",
        who=responder_name(policy, gate),
        why=f"approved in {gate.dag_id} {gate.run_id}",
        approval=gate.approval_id,
        after=_with_channel(state, candidate.channel, after),
    )


def _with_channel(state: State, channel: str, after: ChannelState) -> State:
    return State(channels={**state.channels, channel: after}, quarantined=state.quarantined, waivers=state.waivers)


def _keep(store: Store, policy: Policy, candidate: str, gate: GateRecord, outcome: str, reasons: list[str]) -> None:
    record = ApprovalRecord(
        outcome="accepted" if outcome == "accepted" else "refused",
        reasons=tuple(reasons),
        responder=responder_name(policy, gate),
        gate=gate,
        at=datetime.now(UTC),
    )
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
    store.create(f"approvals/{candidate}/{stamp}.json", record.to_json())


def settle(
    store: Store,
    policy: Policy,
    *,
    model: str,
    channel: str,
    candidate: str,
    gate: GateRecord | None,
    signer: Signer | None = None,
) -> LedgerEntry | None:
    """Record a reject or a time-out: one entry that quarantines the candidate; None where it is live or still waits."""
    ledger = Ledger(store, model, signer)
    if any(item.after.channels.get(channel) and _is_live(item, channel, candidate) for item in ledger.history()):
        return None
    if (
        gate is not None
        and not gate.response_received
        and gate.task_state in ("awaiting_input", "deferred", "running", "queued", "scheduled")
    ):
        return None
    rejected = gate is not None and gate.response_received and REJECT in gate.chosen_options
    if gate is not None and gate.chosen_options == (APPROVE,) and not _was_refused(store, candidate, gate):
        # Approved, and promote never came to a decision (an outage): its retry decides, not we.
        return None
    who = responder_name(policy, gate) if gate is not None and rejected else "simgate"
    why = REJECTED if rejected else "the gate ended without an approval that counts"
    if gate is not None:
        _keep(store, policy, candidate, gate, "refused", [why])
    try:
        return ledger.append(f"settle-{candidate}", lambda head: _settlement(head, channel, candidate, who, why))
    except _WentLive:
        return None


class _WentLive(Exception):
    """Promoted while settle looked."""


def _settlement(head: LedgerEntry | None, channel: str, candidate: str, who: str, why: str) -> LedgerBody:
    if head is not None and channel in head.after.channels and _is_live(head, channel, candidate):
        raise _WentLive
    return barred(head, "settle", candidate, who, why)


def _was_refused(store: Store, candidate: str, gate: GateRecord) -> bool:
    kept = (ApprovalRecord.from_json(store.get(key), what=key) for key in store.keys(f"approvals/{candidate}"))
    return any(record.outcome == "refused" and record.gate.approval_id == gate.approval_id for record in kept)


def _is_live(item: LedgerEntry, channel: str, candidate: str) -> bool:
    live = item.after.channels[channel].live
    return live is not None and live.candidate == candidate
