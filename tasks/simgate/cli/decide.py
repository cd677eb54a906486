"""simgate rollback, quarantine, waive: decisions that a person takes here, one ledger entry each."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from simgate.cli.console import console, short, show_json
from simgate.cli.find import the_channel, the_model
from simgate.cli.options import DEFAULT_STORE, JsonOption, StoreOption, WhoOption, WhyOption, open_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.core.errors import InputError
from simgate.core.signature import own_signer
from simgate.core.store import Store
from simgate.release.entry import LedgerEntry

ModelOption = Annotated[str, typer.Option("--model", help="Name of the model; default: the only one.")]
ChannelOption = Annotated[str, typer.Option("--channel", help="Channel; default: the model's only one.")]


def rollback(
    why: WhyOption,
    model: ModelOption = "",
    channel: ChannelOption = "",
    who: WhoOption = "",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Put the previous live model back and quarantine the one that was live, in one ledger entry.

    Where the policy wants the channel signed, every entry of the ledger is checked first: "previous" may be forged.
    """
    from simgate.cli.person import declared_person
    from simgate.release.decision import rollback as roll_back
    from simgate.release.policy import Policy

    place, signer = open_store(store), own_signer()
    name = the_model(place, model)
    target = the_channel(place, name, channel)
    rules = Policy.load(policy) if signer or policy.is_file() else None
    entry = roll_back(
        place, model=name, channel=target, who=declared_person(who), why=_reason(why), signer=signer, policy=rules
    )
    _say(entry, name, as_json)


def quarantine(
    digest: Annotated[
        str, typer.Argument(help="Content digest (engine, dataset, shard) or candidate digest, in full.")
    ],
    why: WhyOption,
    model: ModelOption = "",
    who: WhoOption = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Bar a digest, and everything made from it, from going live; what is live stays until a rollback."""
    from simgate.cli.person import declared_person
    from simgate.release.decision import quarantine as bar

    _whole(digest)
    place = open_store(store)
    name = _ledger_of(place, model)
    person, reason = declared_person(who), _reason(why)
    _say(bar(place, model=name, digest=digest, who=person, why=reason, signer=own_signer()), name, as_json)


def waive(
    manifest: Annotated[str, typer.Argument(help="Digest of the FAIL observation's manifest, in full.")],
    why: WhyOption,
    model: ModelOption = "",
    who: WhoOption = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Take one FAIL of the bench upon you, by name: it no longer bars its engine. Kept in the ledger for ever."""
    from simgate.cli.person import declared_person
    from simgate.release.decision import waive as take_over

    _whole(manifest)
    place = open_store(store)
    name = _ledger_of(place, model)
    person, reason = declared_person(who), _reason(why)
    _say(take_over(place, model=name, manifest=manifest, who=person, why=reason, signer=own_signer()), name, as_json)


def _ledger_of(store: Store, model: str) -> str:
    """The given model, though nothing of it was released yet: a decision may come before the first release."""
    if model and not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", model):
        raise InputError("not a model's name", actual=model, expected="lower-case letters, digits, _ and -")
    return model or the_model(store, model)


def _whole(digest: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise InputError(
            "not a whole digest", actual=digest, expected="64 hexadecimal digits, as `simgate show` prints"
        )


def _reason(why: str) -> str:
    if not why.strip():
        raise InputError("--why is empty", expected="the reason: it is kept for ever")
    return why.strip()


def _say(entry: LedgerEntry, model: str, as_json: bool) -> None:
    if as_json:
        show_json(entry.model_dump(mode="json"))
        return
    console().print(
        f"{entry.action} of {model} by {entry.who}: ledger entry {entry.seq}, digest [bold]{entry.sha256}[/]"
    )
    for name, state in sorted(entry.after.channels.items()):
        console().print(f"  {name}: live engine {short(state.live.engine) if state.live else 'nothing'}")
