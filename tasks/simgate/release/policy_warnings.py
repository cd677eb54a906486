"""Policy warnings: rules that a policy may hold, and that a person should know of."""

from __future__ import annotations

from collections.abc import Iterator

from simgate.release.policy import Channel, Policy
from simgate.release.reference import GATES, Gate
from simgate.rows.evidence import DRIVEN
from simgate.rows.families import FAMILIES
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.metric import Metric, metrics_of


def policy_warnings(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield each warning as channel and sentence."""
    for name, channel in policy.channels.items():
        found = (*_gates(channel), *_people(policy, name), *_reference(channel), *_hil(channel))
        yield from ((name, sentence) for sentence in found)
        if channel.signed and not policy.keys:
            yield name, "is signed, and the policy trusts no key: nothing goes live"


def _gates(channel: Channel) -> Iterator[str]:
    for gate in GATES:
        if gate not in channel.gates and not _is_undriven(channel, gate):
            yield f"has no gate {gate}: a FAIL of it goes live"
    if "emulated" in channel.benches and not channel.allow_automatic:
        yield "takes an emulated bench: no device has to prove anything"
    if channel.max_aborted_observations:
        yield f"excuses {channel.max_aborted_observations} bench runs that came to no end: each may have been a FAIL"


def _is_undriven(channel: Channel, gate: Gate) -> bool:
    """Return whether the channel's family commands no robot, so that this gate does not exist for it."""
    judged = channel.reference.evaluate
    return gate in DRIVEN and judged is not None and not FAMILIES.find(judged.family).commands


def _people(policy: Policy, name: str) -> Iterator[str]:
    channel = policy.channels[name]
    if channel.allow_automatic:
        yield "takes a program's answer for a person's"
    approvers = policy.holders(name, "approve")
    if len(approvers) == 1:
        yield f"has one approver, {approvers[0].name}: what they write themselves nobody can approve"
    for right in ("rollback", "waive"):
        if not policy.holders(name, right):
            yield f"lets nobody {right}"
    if channel.waive_second and len(policy.holders(name, "waive")) == 1:
        yield "needs two people for a waiver, and one has that right"


def _reference(channel: Channel) -> Iterator[str]:
    reference = channel.reference
    if reference.dataset.seeds == "any":
        yield "takes a dataset of any seed, so its maker may draw again until one suits"
    evaluate = reference.evaluate
    if evaluate is None:
        return
    for known in metrics_of("evaluate", evaluate.family):
        yield from _trivial(known, evaluate)
    if evaluate.swap_channels:
        yield "has evaluate.swap_channels: it judges a planted failure"


def _trivial(known: Metric, evaluate: EvaluateSpec) -> Iterator[str]:
    side = "at_least" if known.better == "higher" else "at_most"
    limit = getattr(evaluate, side).get(known.name)
    if known.trivial is None or limit is None:
        return
    if not (limit > known.trivial if side == "at_least" else limit < known.trivial):
        yield f"{known.lets_through} (evaluate.{side}.{known.name} {limit:g})"


def _hil(channel: Channel) -> Iterator[str]:
    hil = channel.reference.hil
    if hil is None:
        return
    if hil.max_trips:
        yield f"lets the safety monitor trip {hil.max_trips} times in a bench run that passes"
    if not hil.max_command_error < 1:
        error = f"hil.max_command_error {hil.max_command_error:g}"
        yield f"lets a command on the bench be wrong by its whole range ({error})"
