"""Transition: what a decision changes. Writers and the judge compute the state after an entry here, and only here."""

from __future__ import annotations

from simgate.core.errors import Refused
from simgate.release.candidate import CandidateEntry
from simgate.release.entry import ChannelState, Decision, LiveModel, Quarantined, State, Waiver


def state_after(before: State, decision: Decision, candidate: CandidateEntry | None) -> State:
    """Return the whole state after a decision; Refused where the state before does not allow it.

    `candidate` is the one that a promote, a rollback or a settle names; None for the other actions.
    """
    if decision.action == "quarantine":
        return barred(before, decision.subject, decision.why)
    if decision.action == "waive":
        return _waived(before, decision)
    if candidate is None:
        raise Refused(f"{decision.action} names candidate {decision.subject[:12]}, which is in no journal")
    if decision.action == "settle":
        return _settled(before, decision)
    if decision.action == "rollback":
        return _rolled_back(before, decision)
    return _promoted(before, decision, candidate)


def barred(state: State, digest: str, why: str) -> State:
    """Return the state with one more digest quarantined; one that was barred before keeps its newest reason."""
    kept = tuple(item for item in state.quarantined if item.digest != digest)
    barring = Quarantined(digest=digest, why=why[:2000])
    return state.model_copy(update={"quarantined": (*kept, barring)})


def _waived(state: State, decision: Decision) -> State:
    if decision.channel == "":
        raise Refused("a waiver names no channel", remedy="say --channel")
    waiver = Waiver(
        manifest=decision.subject, channel=decision.channel, who=decision.who, second=decision.second,
        why=decision.why[:2000],
    )  # fmt: skip
    return state.model_copy(update={"waivers": (*state.waivers, waiver)})


def _settled(state: State, decision: Decision) -> State:
    now = state.channels.get(decision.channel)
    if now is not None and now.live is not None and now.live.candidate == decision.subject:
        raise Refused(f"candidate {decision.subject[:12]} is live in {decision.channel}: it cannot be settled")
    return barred(state, decision.subject, decision.why)


def _promoted(state: State, decision: Decision, entry: CandidateEntry) -> State:
    candidate = entry.candidate
    for digest in (entry.digest, candidate.engine):
        if found := next((item for item in state.quarantined if item.digest == digest), None):
            raise Refused(f"{digest[:12]} is quarantined: {found.why}")
    before = state.channels.get(candidate.channel)
    live = LiveModel(
        candidate=entry.digest, engine=candidate.engine, evidence=candidate.evidence, since=decision.decided_at
    )
    return _with(state, candidate.channel, ChannelState(live=live, previous=_before(before, candidate.engine)))


def _before(channel: ChannelState | None, engine: str) -> LiveModel | None:
    """Return the model that a rollback restores: never one with the engine that is live now."""
    if channel is None or channel.live is None:
        return None
    return channel.previous if channel.live.engine == engine else channel.live


def _rolled_back(state: State, decision: Decision) -> State:
    before = state.channels.get(decision.channel)
    if before is None or before.live is None or before.previous is None:
        raise Refused(
            f"channel {decision.channel or '?'} has no previous model to go back to", remedy="see `simgate history`"
        )
    back, gone = before.previous, before.live
    if back.candidate != decision.subject:
        raise Refused(f"the previous model is candidate {back.candidate[:12]}, not {decision.subject[:12]}")
    for digest in (back.candidate, back.engine):
        if found := next((item for item in state.quarantined if item.digest == digest), None):
            raise Refused(f"the previous model may not go live: {digest[:12]} is quarantined: {found.why}")
    live = back.model_copy(update={"since": decision.decided_at})
    after = barred(state, gone.engine, f"rolled back: {decision.why}")
    return _with(after, decision.channel, ChannelState(live=live, previous=None))


def _with(state: State, channel: str, now: ChannelState) -> State:
    return state.model_copy(update={"channels": {**state.channels, channel: now}})
