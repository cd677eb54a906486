"""simgate rollback, quarantine, waive: decisions that a person takes here, one ledger entry each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from simgate.cli.console import console, short, show_json
from simgate.cli.find import the_channel, the_model
from simgate.cli.options import DEFAULT_STORE, JsonOption, StoreOption, WhoOption, WhyOption, present_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.core.errors import InputError
from simgate.core.identity.signature import own_signer
from simgate.core.storage.store import Store
from simgate.release.entry import LedgerEntry

if TYPE_CHECKING:
    from simgate.release.policy import Policy

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
    """Make the previous model live again and quarantine the present one, in one ledger entry.

    The policy's `rollback_by` says who may; the whole ledger is judged first, and the previous model's files are read.
    """
    from simgate.cli.person import declared_person
    from simgate.release.decision import Word
    from simgate.release.decision import rollback as roll_back
    from simgate.release.judge import judge
    from simgate.release.policy import Policy

    place, rules = present_store(store), Policy.load(policy)
    name = the_model(place, model)
    target = the_channel(judge(place, rules, name).must_hold(), channel)
    by = Word(declared_person(who), _reason(why))
    entry = roll_back(place, rules, model=name, channel=target, by=by, signer=own_signer())
    _say(entry, name, as_json)


def quarantine(
    digest: Annotated[
        str, typer.Argument(help="Digest in full: of content (engine, dataset, shard), a manifest, or a candidate.")
    ],
    why: WhyOption,
    model: ModelOption = "",
    who: WhoOption = "",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Bar a digest, and everything made from it, from going live; a live model stays live until a rollback.

    Every person of the policy may.
    """
    from simgate.cli.person import declared_person
    from simgate.release.decision import Word
    from simgate.release.decision import quarantine as bar
    from simgate.release.policy import Policy

    _whole(digest)
    place, rules = present_store(store), Policy.load(policy)
    name = _ledger_of(place, model)
    by = Word(declared_person(who), _reason(why))
    entry = bar(place, rules, model=name, digest=digest, by=by, signer=own_signer())
    _say(entry, name, as_json)


def waive(
    manifest: Annotated[str, typer.Argument(help="Digest of the FAIL observation's manifest, in full.")],
    why: WhyOption,
    model: ModelOption = "",
    channel: Annotated[
        str, typer.Option("--channel", help="Channel that it is waived for; default: the policy's only one.")
    ] = "",
    who: WhoOption = "",
    second: Annotated[
        str, typer.Option("--second", help="A second person who agrees; a signed channel wants one.")
    ] = "",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Accept one FAIL of the bench in your name: it no longer bars its engine in that channel.

    The policy's `waive_by` says who may. Kept in the ledger for ever.
    """
    from simgate.cli.person import declared_person
    from simgate.release.decision import Word
    from simgate.release.decision import waive as take_over
    from simgate.release.policy import Policy

    _whole(manifest)
    place, rules = present_store(store), Policy.load(policy)
    name, by = _ledger_of(place, model), Word(declared_person(who), _reason(why), second)
    target = _channel_of(rules, channel)
    entry = take_over(
        place, rules, model=name, channel=target, manifest=manifest, by=by, signer=own_signer(),
    )  # fmt: skip
    _say(entry, name, as_json)


def _channel_of(policy: Policy, given: str) -> str:
    found = sorted(policy.channels)
    if given not in found and (given or len(found) != 1):
        raise InputError(
            "no such channel in the policy", actual=given or "none", expected=" | ".join(found), remedy="--channel"
        )
    return given or found[0]


def _ledger_of(store: Store, model: str) -> str:
    """Return the given model, though nothing of it was released yet: a decision may come before the first release."""
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
