"""simgate live, simgate history: what is live, what was live at any time, and every decision."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from simgate.cli.console import complain, console, short, show_json, show_table, when
from simgate.cli.damage import DAMAGED
from simgate.cli.find import models, the_model
from simgate.cli.options import DEFAULT_STORE, JsonOption, StoreOption, present_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.core.errors import InputError
from simgate.release.entry import LedgerEntry
from simgate.release.judge import ReleaseState, judge
from simgate.release.policy import Policy

ModelArgument = Annotated[str, typer.Argument(help="Name of the model; default: all there are.")]
OneModelArgument = Annotated[str, typer.Argument(help="Name of the model; default: the only one.")]
LIVE_HEAD = ("model", "channel", "engine", "candidate", "live since", "previous", "proven")


def live(
    model: ModelArgument = "",
    at: Annotated[str, typer.Option("--at", help="At this time (ISO 8601; UTC unless it says otherwise).")] = "",
    channel: Annotated[str, typer.Option("--channel", help="Only this channel.")] = "",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show which model is live in each channel, now or at a time; an empty table means that none is.

    Exit 3: a ledger does not hold. Then the last proven state is printed beside the reason, and nothing serves it.
    """
    place, rules = present_store(store), Policy.load(policy)
    moment = parse_time(at) if at else None
    chosen = [the_model(place, model)] if model else models(place)
    states = [judge(place, rules, name) for name in chosen]
    _check_channel(channel, {*rules.channels, *(name for state in states for name in state.state.channels)})
    rows = [row for state in states for row in _rows(state, moment, channel)]
    if as_json:
        show_json(rows)
    else:
        show_table(LIVE_HEAD, [_shown(row) for row in rows], empty="nothing is live")
    _say_what_does_not_hold(states)


def _check_channel(given: str, known: Collection[str]) -> None:
    if given and given not in known:
        raise InputError(
            "no such channel in the policy or a ledger", actual=given, expected=" | ".join(sorted(known)) or "none"
        )


def _say_what_does_not_hold(states: Sequence[ReleaseState]) -> None:
    refused = [state for state in states if state.problem]
    for state in refused:
        complain(
            f"the ledger of {state.model} does not hold: {state.problem}; proven: {len(state.entries)} entries, "
            "above; `simgate verify` has all of it"
        )
    if refused:
        raise typer.Exit(DAMAGED)


def parse_time(text: str) -> datetime:
    """Return a time from ISO 8601 text; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("not a time", actual=text, expected="ISO 8601, e.g. 2026-11-21T01:30:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _rows(state: ReleaseState, moment: datetime | None, channel: str) -> list[dict[str, str]]:
    held = state.state if moment is None else state.state_at(moment)
    return [
        {
            "model": state.model, "channel": name, "engine": found.live.engine, "candidate": found.live.candidate,
            "since": when(found.live.since), "previous": found.previous.engine if found.previous else "",
            "proven": "no" if state.problem else "yes",
        }
        for name, found in sorted(held.channels.items())
        if found.live is not None and channel in ("", name)
    ]  # fmt: skip


def _shown(row: dict[str, str]) -> tuple[str, ...]:
    digests = ("engine", "candidate", "previous")
    named = {name: short(value) if name in digests else value for name, value in row.items()}
    return tuple(named[name.replace("live ", "")] for name in LIVE_HEAD)


def history(
    model: OneModelArgument = "",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """List every decision about a model: who, what, why, and what was live after it. Exit 3: a ledger does not hold."""
    place = present_store(store)
    state = judge(place, Policy.load(policy), the_model(place, model))
    if as_json:
        show_json([entry.model_dump(mode="json") for entry in state.entries])
    else:
        head = ("seq", "when", "action", "who", "why", "live after", "digest")
        show_table(head, [_decision(entry) for entry in state.entries])
        if state.head is not None:
            console().print(f"\nhead {state.head.sha256}; note it down for `simgate verify {state.model} --head`")
    _say_what_does_not_hold([state])


def _decision(entry: LedgerEntry) -> tuple[str, ...]:
    after = [
        f"{name}: {short(state.live.engine) if state.live else 'nothing'}"
        for name, state in sorted(entry.after.channels.items())
    ]
    said = (str(entry.seq), when(entry.at), entry.action, entry.who, entry.why)
    return (*said, ", ".join(after) or "nothing", short(entry.sha256))
