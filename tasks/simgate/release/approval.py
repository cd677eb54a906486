"""Approval: what a release manager answered, and every reason why the answer may not count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from simgate.core.documents.artifact import Sha256
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.document import Document
from simgate.release.candidate import CLOCKS_DIFFER, CandidateEntry
from simgate.release.policy import ChannelRules, Name, Person, Rules

APPROVE = "Approve"
REJECT = "Reject"


class Touch(Document):
    """An action on a run that the release stands on (set, cleared, triggered); who did it counts as its author."""

    who: str
    """Airflow id."""
    action: str
    what: str
    at: AwareDatetime


class GateRecord(Document):
    """The gate as Airflow holds it, read by an account that can only read."""

    version: Literal[1] = 1
    dag_id: str
    run_id: str
    task_id: str
    try_number: int
    try_started_at: AwareDatetime | None
    """Start of the gate's current try; None where it never started."""
    task_state: str
    subject: Annotated[str, Field(max_length=10_000)]
    """The question that the person saw; names the candidate's digest in full."""
    response_received: bool
    chosen_options: tuple[str, ...]
    responder_id: str
    """Airflow id; empty without a response."""
    responder_name: str
    reason: Annotated[str, Field(max_length=2000)]
    """The person's words beside the answer; empty where there are none."""
    responded_at: AwareDatetime | None
    assigned_ids: tuple[str, ...]
    all_admins: bool
    """Whether Airflow lets everybody be admin: then no answer proves anything."""
    run_started_by: tuple[str, ...]
    """Airflow ids of who started this run or a run upstream by hand."""
    touched_by: tuple[Touch, ...]

    @property
    def approval_id(self) -> str:
        """Names one answer; the same answer read twice is the same approval."""
        return sha256_hex(
            f"{self.dag_id}\n{self.run_id}\n{self.task_id}\n{self.responder_id}\n{self.responded_at}".encode()
        )


class ApprovalRecord(Document):
    """`approvals/<candidate>/…`: an answer as read, and its outcome."""

    version: Literal[2] = 2
    model: Name
    channel: Name
    candidate: Sha256
    """Digest of the candidate's journal entry."""
    outcome: Literal["accepted", "refused"]
    reasons: tuple[str, ...]
    responder: str
    """Person's name in the policy, `automatic responder (<name>)`, or the raw id of a stranger."""
    gate: GateRecord
    at: AwareDatetime


def responder_name(policy: Rules, gate: GateRecord) -> str:
    """Return the responder as records say it."""
    person = policy.by_airflow_id(gate.responder_id)
    if person is None:
        return gate.responder_id or "nobody"
    return f"automatic responder ({person.name})" if person.automatic else person.name


def subject_of(entry: CandidateEntry) -> str:
    """Return the subject of the gate's question; an answer counts for exactly this subject."""
    return f"Release {entry.candidate.model} to {entry.candidate.channel}: candidate {entry.digest}"


def approved_why(gate: GateRecord) -> str:
    """Write the ledger's reason of an approval: the run where it was given, and the person's words."""
    reason = f": {gate.reason}" if gate.reason else ""
    return f"approved in {gate.dag_id} {gate.run_id}{reason}"


def answer_problems(
    policy: Rules, channel: ChannelRules, entry: CandidateEntry, gate: GateRecord, *, at: datetime
) -> Iterator[str]:
    """Yield each reason why the answer itself does not count, at the time when it is used."""
    if gate.all_admins:
        yield "Airflow runs with all_admins: anybody could have answered in any name"
    if not gate.response_received or gate.responded_at is None:
        yield f"the gate has no response (its task state is {gate.task_state!r}): a state set by hand is no approval"
        return
    if gate.chosen_options != (APPROVE,):
        yield f"the answer is {list(gate.chosen_options)}, not [{APPROVE!r}]"
    if gate.subject != subject_of(entry):
        yield f"the gate asked about another candidate: {gate.subject!r}, not {subject_of(entry)!r}"
    yield from _time_problems(channel, entry, gate, gate.responded_at, at)
    if gate.assigned_ids and gate.responder_id not in gate.assigned_ids:
        yield f"{gate.responder_id} was not assigned to the gate"
    yield from _responder_problems(policy, channel, gate)


def _time_problems(
    channel: ChannelRules, entry: CandidateEntry, gate: GateRecord, answered_at: datetime, at: datetime
) -> Iterator[str]:
    if answered_at <= entry.at:
        yield f"the answer ({answered_at}) is not later than the candidate ({entry.at})"
    if gate.try_started_at is None or answered_at <= gate.try_started_at:
        yield f"the answer ({answered_at}) is older than the gate's try ({gate.try_started_at}): it was cleared"
    if entry.candidate.expires_at > entry.at + channel.candidate_ttl + CLOCKS_DIFFER:
        yield f"the candidate asks for longer than the channel's {channel.candidate_ttl}: {entry.candidate.expires_at}"
    if answered_at > at + CLOCKS_DIFFER:
        yield f"the answer is dated {answered_at}, after it was read ({at})"
    if at > entry.candidate.expires_at:
        yield f"the candidate lapsed at {entry.candidate.expires_at}"


def _responder_problems(policy: Rules, channel: ChannelRules, gate: GateRecord) -> Iterator[str]:
    person = policy.by_airflow_id(gate.responder_id)
    if person is None:
        yield f"Airflow user {gate.responder_id!r} is nobody in the policy"
    elif person.name not in channel.approvers:
        yield f"{person.name} may not approve for this channel"
    elif person.automatic and not channel.allow_automatic:
        yield f"{person.name} is an automatic responder; this channel wants a human being"


def author_problems(policy: Rules, gate: GateRecord, authors: frozenset[str]) -> Iterator[str]:
    """Yield each reason why the responder is not independent: four eyes, and every author known."""
    person = policy.by_airflow_id(gate.responder_id)
    touched = {touch.who: f"{touch.action} {touch.what}" for touch in gate.touched_by}
    started = dict.fromkeys(gate.run_started_by, "started a run")
    for identity, deed in {
        **dict.fromkeys(sorted(authors), "is an author of something upstream"),
        **started,
        **touched,
    }.items():
        author = policy.who(identity)
        if author is None:
            yield f"{identity!r} ({deed}) is nobody in the policy: whether they may approve cannot be told"
        elif _same(author, person):
            yield f"{author.name} may not approve their own work: {identity} {deed}"


def _same(author: Person, person: Person | None) -> bool:
    return person is not None and author.name == person.name
