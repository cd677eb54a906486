"""simgate live, simgate history: what is live, what was live at any time, and every decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from simgate.cli.console import short, show_json, show_table, when
from simgate.cli.find import models, the_model
from simgate.cli.options import DEFAULT_STORE, JsonOption, StoreOption, open_store
from simgate.core.errors import InputError
from simgate.release.entry import LedgerEntry, State
from simgate.release.ledger import Ledger

ModelArgument = Annotated[str, typer.Argument(help="Name of the model; default: all there are.")]
OneModelArgument = Annotated[str, typer.Argument(help="Name of the model; default: the only one.")]
LIVE_HEAD = ("model", "channel", "engine", "candidate", "live since", "previous")


def live(
    model: ModelArgument = "",
    at: Annotated[str, typer.Option("--at", help="At this time (ISO 8601; UTC unless it says otherwise).")] = "",
    channel: Annotated[str, typer.Option("--channel", help="Only this channel.")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Say which model each channel serves, now or at a time; nothing live is an empty answer, no error."""
    place = open_store(store)
    moment = parse_time(at) if at else None
    chosen = [the_model(place, model)] if model else models(place)
    rows = [row for name in chosen for row in _rows(name, state_at(Ledger(place, name), moment), channel)]
    if as_json:
        show_json(rows)
    else:
        show_table(LIVE_HEAD, [tuple(str(row[name.replace("live ", "")])[:24] for name in LIVE_HEAD) for row in rows])


def parse_time(text: str) -> datetime:
    """A time from ISO 8601 text; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("not a time", actual=text, expected="ISO 8601, e.g. 2026-11-21T01:30:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def state_at(ledger: Ledger, moment: datetime | None) -> State:
    """The ledger's state at a time, or now."""
    if moment is None:
        return ledger.state
    before = [entry for entry in ledger.history() if entry.at <= moment]
    return before[-1].after if before else State(channels={}, quarantined=(), waivers=())


def _rows(model: str, state: State, channel: str) -> list[dict[str, str]]:
    return [
        {
            "model": model, "channel": name, "engine": found.live.engine, "candidate": found.live.candidate,
            "since": when(found.live.since), "previous": found.previous.engine if found.previous else "",
        }
        for name, found in sorted(state.channels.items())
        if found.live is not None and channel in ("", name)
    ]  # fmt: skip


def history(model: OneModelArgument = "", store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """List every decision about a model: who, what, why, and what was live after it."""
    place = open_store(store)
    entries = list(Ledger(place, the_model(place, model)).history())
    if as_json:
        show_json([entry.model_dump(mode="json") for entry in entries])
        return
    show_table(("seq", "when", "action", "who", "why", "live after", "digest"), [_decision(entry) for entry in entries])


def _decision(entry: LedgerEntry) -> tuple[str, ...]:
    after = [
        f"{name}: {short(state.live.engine) if state.live else 'nothing'}"
        for name, state in sorted(entry.after.channels.items())
    ]
    said = (str(entry.seq), when(entry.at), entry.action, entry.who, entry.why)
    return (*said, ", ".join(after) or "nothing", short(entry.sha256))
