"""Rights: whether a person may decide what they decided, by the policy under which they did."""

from __future__ import annotations

from collections.abc import Iterator

from simgate.release.entry import Decision
from simgate.release.policy import ChannelRules, Right, Rules

AUTOMATIC_NAME = "simgate"
"""The name that settles a gate which ended without an answer."""


def right_problems(policy: Rules, decision: Decision, *, signed: bool) -> Iterator[str]:
    """Yield each reason why a decision by hand does not count; the right to promote is judged with the answer."""
    if decision.action == "quarantine":
        # It makes nothing live: whoever the policy knows may pull the brake.
        yield from _known(policy, decision.who, "quarantine")
    elif decision.action == "rollback" or decision.action == "waive":
        channel = policy.channels.get(decision.channel)
        if channel is None:
            yield f"channel {decision.channel!r} is not in the policy"
            return
        yield from _allowed(policy, channel, decision.who, decision.action)
        if decision.action == "waive" and (signed or channel.waive_second):
            yield from _second(policy, channel, decision)


def _known(policy: Rules, who: str, action: str) -> Iterator[str]:
    if policy.person(who) is None:
        people = ", ".join(person.name for person in policy.people if not person.automatic)
        yield _stranger(who, action, people)


def _stranger(who: str, verb: str, people: str) -> str:
    return f"{who!r} is nobody in the policy and may not {verb}; --who names one of those who may: {people or 'nobody'}"


def _allowed(policy: Rules, channel: ChannelRules, who: str, right: Right) -> Iterator[str]:
    person, allowed = policy.person(who), channel.by_right(right)
    names = ", ".join(allowed) or "nobody"
    verb = "roll back" if right == "rollback" else right
    if person is None:
        yield _stranger(who, verb, names)
    elif person.name not in allowed:
        yield f"{person.name} may not {verb} in this channel; those who may: {names}"
    elif person.automatic and not channel.allow_automatic:
        yield f"{person.name} is a program and may not {verb} in this channel"


def _second(policy: Rules, channel: ChannelRules, decision: Decision) -> Iterator[str]:
    if not decision.second:
        yield "a waiver in a signed channel needs a second person"
        return
    yield from _allowed(policy, channel, decision.second, "waive")
    first, second = policy.person(decision.who), policy.person(decision.second)
    if first is not None and second is not None and first.name == second.name:
        yield f"{first.name} cannot be the second person of their own waiver"
