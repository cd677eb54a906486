"""Judge: reads a model's release state. Every reader and every writer of the ledger goes through `judge`.

An entry is proven when all of this holds for it and for every entry before it:

    chain        its number follows the number before, it names the digest of the entry before, and time runs forward
    signature    a ledger key of the policy signed it, where its channel demands that or an entry before it was signed
    policy       the policy that it was decided under is kept, and gave the person the right to decide
    candidate    it lies in the journal of its own model and channel, signed where the channel is signed
    approval     the record that the entry names is there, accepted, about this candidate, used once, and signed
    transition   the state after it is what its decision makes of the state before

What is live is proven when its export run left the very engine that the ledger names. What the evidence says is not
judged here: `promote` does that before it writes, and `simgate verify` does it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simgate.core.errors import Damaged, DigestMismatch, InputError, NotFound, Unproven
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.journal import Journal, Line
from simgate.core.storage.store import Store
from simgate.release.answer import promotion_problems, settlement_problems
from simgate.release.candidate import CLOCKS_DIFFER, CandidateEntry, candidates
from simgate.release.entry import EMPTY, LedgerEntry, LiveModel, State
from simgate.release.evidence import quarantine_problems
from simgate.release.policies import read_rules
from simgate.release.policy import Policy, Rules
from simgate.release.rights import right_problems
from simgate.release.signatures import SignatureCheck, approval_check, candidate_check, line_check
from simgate.release.transition import state_after

DAMAGE = (Damaged, DigestMismatch, InputError, NotFound)
"""Errors that say something about the release. A store that does not answer says nothing, and raises."""


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """The proven part of a model's ledger, and why the rest is not proven."""

    model: str
    entries: tuple[LedgerEntry, ...]
    """Proven entries, oldest first."""
    problem: str
    """The first entry that does not hold, and why; empty where all hold."""
    signatures: tuple[SignatureCheck, ...]
    """Every signature that was looked at."""
    signed: bool
    """Whether the next entry must be signed, whatever it decides: one before it had to be."""

    @property
    def head(self) -> LedgerEntry | None:
        """The newest proven entry."""
        return self.entries[-1] if self.entries else None

    @property
    def state(self) -> State:
        """The state after the newest proven entry."""
        return self.entries[-1].after if self.entries else EMPTY

    def state_at(self, moment: datetime) -> State:
        """Return the state at a time."""
        before = [entry for entry in self.entries if entry.at <= moment]
        return before[-1].after if before else EMPTY

    def live(self, channel: str) -> LiveModel | None:
        """Return the live model of a channel; None where nothing is live."""
        found = self.state.channels.get(channel)
        return found.live if found else None

    def was_live(self, channel: str, candidate: str) -> bool:
        """Return whether a candidate is live in a channel, or was."""
        states = (entry.after.channels.get(channel) for entry in self.entries)
        return any(now is not None and now.live is not None and now.live.candidate == candidate for now in states)

    def is_quarantined(self, digest: str) -> bool:
        """Return whether this very digest is quarantined; the ancestors of a model are not checked here."""
        return any(item.digest == digest for item in self.state.quarantined)

    def must_sign(self, policy: Policy, channel: str) -> bool:
        """Return whether a decision about a channel, and all evidence behind it, must be signed."""
        return self.signed or demands_signatures(policy, channel)

    def must_hold(self) -> ReleaseState:
        """Return this state; raise Unproven where an entry does not hold: then nothing may be appended, signed or
        served.
        """
        if self.problem:
            raise Unproven(
                f"the ledger of {self.model} does not hold: {self.problem}",
                remedy="see `simgate verify`, then restore the store from a backup or with `simgate store recover`",
            )
        return self


def demands_signatures(policy: Rules, channel: str) -> bool:
    """Return whether decisions about a channel must be signed; for one that the policy lacks, if any other's must."""
    if channel in policy.channels or channel == "":
        return channel != "" and policy.channels[channel].signed
    return any(rules.signed for rules in policy.channels.values())


def judge(store: Store, policy: Policy, model: str) -> ReleaseState:
    """Return the release state of a model, as far as it is proven."""
    lines, broken = _lines(store, model)
    walk = _Walk(store, policy, model)
    problem = next((said for line in lines if (said := walk.take(line))), broken)
    kept, unproven = _engines(store, walk.entries)
    problem = unproven or problem or _cut_tail(store, model, walk.entries)
    return ReleaseState(model, kept, problem, tuple(walk.signatures), walk.signed)


def _cut_tail(store: Store, model: str, entries: Sequence[LedgerEntry]) -> str:
    """Find a candidate that was proposed after an entry that is gone; empty where there is none."""
    known = {"", *(entry.sha256 for entry in entries)}
    for channel in proposed_channels(store, model):
        for entry in journal_of(store, model, channel).values():
            if entry.candidate.replaces not in known:
                seen = f"candidate {entry.seq} for {channel} was proposed after entry {entry.candidate.replaces[:12]}"
                return f"it has lost entries: {seen}, which is not there"
    return ""


def proposed_channels(store: Store, model: str) -> list[str]:
    """Return channels that the model was proposed for."""
    return sorted(path.rstrip("/").rpartition("/")[2] for path in store.children(f"candidates/{model}")[0])


def objection(store: Store, policy: Policy, state: ReleaseState, line: Line) -> str:
    """Say why an entry would not hold after this state, or nothing. Asked before the entry is written: nothing undoes
    one.
    """
    walk = _Walk(store, policy, state.model, signed=state.signed, entries=list(state.entries))
    return walk.take(line)


def _lines(store: Store, model: str) -> tuple[list[Line], str]:
    found: list[Line] = []
    try:
        for line in Journal(store, f"ledger/{model}").lines():
            found.append(line)  # noqa: PERF402  what was read before the damage counts
    except DAMAGE as error:
        return found, str(error)
    return found, ""


def _engines(store: Store, entries: Sequence[LedgerEntry]) -> tuple[tuple[LedgerEntry, ...], str]:
    """Return the entries up to the first whose live engine differs from its export run's."""
    state = entries[-1].after if entries else EMPTY
    for live in (now.live for now in state.channels.values() if now.live is not None):
        if problem := _engine_problem(store, live) or _barred(store, entries, live):
            since = _made_live(entries, live)
            return tuple(entries[:since]), f"entry {entries[since].seq} ({entries[since].action}): {problem}"
    return tuple(entries), ""


def _made_live(entries: Sequence[LedgerEntry], live: LiveModel) -> int:
    """Return the index of the entry that made a model live."""
    acts = ("promote", "rollback")
    mine = (n for n, item in enumerate(entries) if item.action in acts and item.decision.subject == live.candidate)
    return max(mine, default=0)


def _barred(store: Store, entries: Sequence[LedgerEntry], live: LiveModel) -> str:
    """Name digests of the restored model and its lineage that were quarantined before the rollback."""
    at = _made_live(entries, live)
    if entries[at].action != "rollback":
        return ""
    try:
        return "; ".join(quarantine_problems(store, live, entries[at - 1].after))
    except DAMAGE as error:
        return f"what it was made from cannot be read: {error}"


def _engine_problem(store: Store, live: LiveModel) -> str:
    try:
        found = read_manifest(store, live.evidence["export"]).content_digest
    except KeyError:
        return "its evidence names no export run"
    except DAMAGE as error:
        return f"its export run cannot be read: {error}"
    return "" if found == live.engine else f"it names engine {live.engine}, its export run left {found}"


@dataclass
class _Walk:
    """Takes entry after entry, and stops at the first that does not hold."""

    store: Store
    policy: Policy
    model: str
    signed: bool = False
    """Whether an entry up to here had to be signed, so that all that follow have to be."""
    sealed: bool = False
    """Whether an entry up to here was signed by whomever."""
    entries: list[LedgerEntry] = field(default_factory=list)
    signatures: list[SignatureCheck] = field(default_factory=list)
    _journals: dict[str, dict[str, CandidateEntry]] = field(default_factory=dict)

    @property
    def _before(self) -> State:
        return self.entries[-1].after if self.entries else EMPTY

    def take(self, line: Line) -> str:
        """Add an entry; why it does not hold, or nothing."""
        try:
            entry = LedgerEntry.of(line.entry)
            problem = next(self._problems(line, entry), "")
        except DAMAGE as error:
            problem = str(error)
        if problem:
            return f"entry {line.entry.seq}: {problem}"
        self.entries.append(entry)
        return ""

    def _problems(self, line: Line, entry: LedgerEntry) -> Iterator[str]:
        yield from _time_problems(entry, self.entries[-1].at if self.entries else None)
        rules = read_rules(self.store, entry.decision.policy_sha256)
        for known in (rules, self.policy):
            self.signed = self.signed or demands_signatures(known, entry.decision.channel)
        yield from self._signature(line)
        candidate = self._candidate(entry)
        yield from right_problems(rules, entry.decision, signed=self.signed)
        yield from self._approval(rules, entry, candidate)
        if state_after(self._before, entry.decision, candidate) != entry.after:
            yield f"the state after it is not what its {entry.action} makes of the state before"

    def _signature(self, line: Line) -> Iterator[str]:
        uri = f"ledger/{self.model} entry {line.entry.seq}"
        check = line_check(uri, line, "ledger", self.policy.keys)
        if check.state == "unsigned" and self.sealed:
            problem = f"{uri} is not signed, those before it are: a ledger key must sign it"
            check = SignatureCheck(uri, "ledger", "wrong", "", problem)
        self.sealed = self.sealed or line.envelope is not None
        yield from self._judge(check, demanded=self.signed)

    def _judge(self, check: SignatureCheck, *, demanded: bool) -> Iterator[str]:
        self.signatures.append(check)
        if check.problem and (demanded or check.state == "wrong"):
            yield check.problem

    def _candidate(self, entry: LedgerEntry) -> CandidateEntry | None:
        if entry.action not in ("promote", "settle", "rollback"):
            return None
        channel = entry.decision.channel
        if channel not in self._journals:
            self._journals[channel] = journal_of(self.store, self.model, channel)
        return self._journals[channel].get(entry.decision.subject)

    def _approval(self, rules: Rules, entry: LedgerEntry, candidate: CandidateEntry | None) -> Iterator[str]:
        ref = entry.decision.approval
        if ref is not None and ref.id in {used.approval_id for used in self.entries}:
            yield f"approval {ref.id[:12]} was used before"
        if candidate is None:
            return
        if entry.action == "promote":
            newer = [item for item in self._journals[entry.decision.channel].values() if item.seq > candidate.seq]
            yield from promotion_problems(self.store, rules, entry, candidate, newer)
        if entry.action == "settle":
            yield from settlement_problems(self.store, rules, entry, candidate)
        yield from self._signed_by_whom(entry, candidate)

    def _signed_by_whom(self, entry: LedgerEntry, candidate: CandidateEntry) -> Iterator[str]:
        yield from self._judge(candidate_check(self.store, candidate, self.policy.keys), demanded=self.signed)
        if entry.decision.approval is not None:
            check = approval_check(self.store, entry.decision.approval, self.policy.keys)
            yield from self._judge(check, demanded=self.signed)


def journal_of(store: Store, model: str, channel: str) -> dict[str, CandidateEntry]:
    """Return a channel's candidates by digest, up to the first damaged one: nothing after it is proven."""
    found: dict[str, CandidateEntry] = {}
    try:
        for entry in candidates(store, model, channel).all():
            found[entry.digest] = entry
    except DAMAGE:
        return found
    return found


def _time_problems(entry: LedgerEntry, previous_at: datetime | None) -> Iterator[str]:
    decided_at = entry.decision.decided_at
    if entry.at > datetime.now(UTC) + CLOCKS_DIFFER:
        yield f"it is dated {entry.at}, which is yet to come"
    if decided_at > entry.at + CLOCKS_DIFFER:
        yield f"it was decided at {decided_at}, after it was written ({entry.at})"
    # An entry is dated when it is written, or like the one before it where the clock runs behind that.
    if previous_at != entry.at and entry.at - decided_at > CLOCKS_DIFFER:
        yield f"it was decided at {decided_at}, long before it was written ({entry.at})"
