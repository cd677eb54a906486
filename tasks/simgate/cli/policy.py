"""simgate policy: write the references of a channel's gates, and read what a policy says."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simgate.cli.console import console, show_json, show_table
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, present_store
from simgate.cli.recipes import (
    DEFAULT_POLICY,
    DEFAULT_RECIPES,
    PolicyOption,
    RecipesOption,
    ReleaseOption,
    one_of,
    present_recipes,
)  # fmt: skip
from simgate.core.documents.canonical import canonical_json
from simgate.core.errors import InputError, Refused

if TYPE_CHECKING:
    from simgate.release.policy import Policy
    from simgate.release.reference import Reference

app = typer.Typer(no_args_is_help=True, help="The release policy: write its references, read and check it.")


@app.command("new")
def new(
    policy: PolicyOption = DEFAULT_POLICY,
    update: Annotated[
        bool, typer.Option("--update", help="Fill in fields that an existing policy lacks; every value in it stays.")
    ] = False,
    channels: Annotated[
        list[str] | None, typer.Option("--channel", help="With --update: a channel that is to have a reference too.")
    ] = None,
    recipes: RecipesOption = DEFAULT_RECIPES,
    release: ReleaseOption = "",
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write a policy with the recipes as its reference: a candidate that was asked less is refused.

    With --update, only the lines between the file's two marks are written anew. Read the diff: each line that is new
    is a decision.
    """
    channel, asked = _asked(recipes, release, store, domain)
    if update:
        _update(policy, asked, channels or [])
        return
    from simgate.cli.person import declared_person
    from simgate.release.policy_update import new_policy

    _write(policy, new_policy(channel, asked, declared_person()), exclusive=True)
    console(stderr=True).print(
        f"{policy} is written: put your people into it, then `simgate policy check --policy {policy}`", soft_wrap=True
    )


@app.command("check")
def check(
    policy: PolicyOption = DEFAULT_POLICY,
    recipes: RecipesOption = DEFAULT_RECIPES,
    release: ReleaseOption = "",
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
    every: Annotated[bool, typer.Option("--all", help="List fields that must be equal, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the demands of each channel and their stricter side, warn of lax rules, and compare the recipes.

    A recipe whose channel is not in the policy is warned of: nothing of it can be compared, or released.

    Exit 2 where the policy cannot be read, or a recipe asks less than the channel that it releases into.
    """
    from simgate.release.policy import Policy
    from simgate.release.policy_warnings import policy_warnings
    from simgate.release.softening import softer_recipes

    read = Policy.load(policy)
    channel, asked = _asked(recipes, release, store, domain)
    soft = softer_recipes(read.channels[channel].reference, asked) if channel in read.channels else []
    warnings = list(policy_warnings(read))
    if channel not in read.channels:
        warnings.append((channel, "is where the release recipe goes, and the policy has no such channel"))
    if as_json:
        rows = {name: [list(row) for row in rows_of(item.reference)] for name, item in read.channels.items()}
        said = [{"channel": name, "warning": text} for name, text in warnings]
        show_json({"sha256": read.sha256, "channels": rows, "warnings": said, "softenings": [str(one) for one in soft]})
    else:
        _show(read, warnings, every=every)
    if soft:
        raise Refused(f"the recipes ask less than channel {channel}: " + "; ".join(str(one) for one in soft))


def _asked(folder: Path, release: str, store: str, domain: str) -> tuple[str, Reference]:
    """Return the channel of a release recipe and its demands; scenes taken by pattern are looked up in the push."""
    from simgate.core.given.snapshot import read_snapshot
    from simgate.core.storage.heads import scenes_head
    from simgate.plan.scenes import choose_scenes
    from simgate.release.reference import Reference

    found = present_recipes(folder)
    recipe = one_of(found.release, release, "--release")
    dataset = found.dataset[recipe.dataset]
    if not any(rule.is_pattern for rule in dataset.scenes):
        return recipe.channel, Reference.of(dataset, recipe)
    place = present_store(store)
    head = scenes_head(place, domain)
    files = read_snapshot(place, head.snapshot_sha256, domain).files if head else {}
    return recipe.channel, Reference.of(dataset, recipe, choose_scenes(dataset, files))


def _update(path: Path, asked: Reference, channels: list[str]) -> None:
    from simgate.release.policy import Policy
    from simgate.release.policy_update import updated

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"cannot read policy {path}: {error}") from error
    made = updated(text, asked, channels)
    _check_named(path, made.text, channels)
    _write(path, made.text, exclusive=False)
    out = console(stderr=True)
    for line in made.added:
        out.print(f"new, decide: {line}", markup=False)
    for line in made.dropped:
        out.print(f"dropped, no spec has it: {line}", markup=False)
    if not made.added and not made.dropped:
        out.print("every reference is whole")
    Policy.load(path)


def _check_named(path: Path, text: str, channels: list[str]) -> None:
    """Refuse a reference for a channel that the file does not have; the new text has all that its aliases point to."""
    from simgate.core.documents.yaml_text import read_yaml

    value = read_yaml(text.encode(), what=f"policy {path}")
    found = value.get("channels") if isinstance(value, dict) else None
    known = sorted(found) if isinstance(found, dict) else []
    for name in channels:
        if name not in known:
            raise InputError(
                f"policy {path} has no such channel", actual=name, expected=" | ".join(known) or "none is there",
                remedy=f"write it under `channels:` first, with `reference: *{name}`",
            )  # fmt: skip


def _write(path: Path, text: str, *, exclusive: bool) -> None:
    try:
        with path.open("x" if exclusive else "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(f"{path} is there already", remedy="--update fills in what it lacks") from error
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def _show(policy: Policy, warnings: list[tuple[str, str]], *, every: bool) -> None:
    out = console()
    for name, channel in policy.channels.items():
        rights = [f"{right}: {_names(policy, name, right)}" for right in ("approve", "rollback", "waive")]
        second = " (a waiver needs a second person)" if channel.waive_second else ""
        signed = "signed" if channel.signed else "not signed"
        out.print(f"\nchannel {name}, {signed}, bench {' or '.join(channel.benches)}", markup=False)
        out.print(f"{'; '.join(rights)}{second}", markup=False)
        rows = rows_of(channel.reference)
        shown = rows if every else [row for row in rows if row[2] and row[1] not in ('""', "{}")]
        show_table(("field", "at least as strict as", ""), shown)
        if not every:
            out.print(f"{len(rows) - len(shown)} more fields must be equal or pin nothing: --all lists them")
        _warn(warnings, [name])
    _warn(warnings, sorted({name for name, _ in warnings} - {*policy.channels}))
    out.print(f"\npolicy {policy.sha256}")


def _warn(warnings: list[tuple[str, str]], channels: list[str]) -> None:
    for name, text in warnings:
        if name in channels:
            console().print(f"[yellow]warning:[/] channel {name} {text}")


def _names(policy: Policy, channel: str, right: str) -> str:
    from simgate.release.policy import RIGHTS

    found = next(item for item in RIGHTS if item == right)
    return ", ".join(person.name for person in policy.holders(channel, found)) or "nobody"


def rows_of(reference: Reference) -> list[tuple[str, str, str]]:
    """Return every field of a reference: name, value, which way is stricter."""
    from simgate.core.documents.strictness import leaves
    from simgate.release.policy_text import comment_of

    rows = []
    for leaf in leaves(type(reference)):
        if getattr(reference, leaf.path.partition(".")[0]) is None:
            continue
        # Below a part that is null, as the closed loop of a family that commands nothing, there is no field.
        *above, name = leaf.path.split(".")
        part = reduce(lambda value, step: value and getattr(value, step), above, reference)
        if part is None:
            continue
        value = getattr(part, name)
        shown = canonical_json(value).decode()
        rows.append((leaf.path, shown if len(shown) <= 60 else f"{shown[:57]}…", comment_of(leaf)))
    return rows
