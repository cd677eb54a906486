"""simgate link: where a browser finds a run's page or one of its outputs, for a while and without an account."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from simgate.cli.console import console, when
from simgate.cli.find import find_run
from simgate.cli.options import DEFAULT_STORE, DomainOption, StoreOption, present_store
from simgate.cli.runs import RunArgument
from simgate.core.errors import InputError, NotFound
from simgate.core.storage.memo import Run
from simgate.core.storage.signed_link import MAX_LINK_S, REPORT_NAME, report_of
from simgate.core.storage.store import Store


def link(
    run: RunArgument,
    name: Annotated[str, typer.Argument(help="The page, or an output or a piece of evidence by its name.")] = "",
    hours: Annotated[
        float,
        typer.Option(
            "--hours", min=0.01, max=MAX_LINK_S / 3600, help="Hours that the link works; anybody who has it can read."
        ),
    ] = 1.0,
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Print a link to a run's report, or to one of its files; signed by this process's account.

    Nothing keeps it: a link ends with its hours, or with the account's key. In a local store it is the file's place.
    """
    place = present_store(store)
    key = _key(place, find_run(place, domain, run), name or REPORT_NAME)
    sys.stdout.write(place.link(key, hours * 3600) + "\n")
    if place.url.startswith("s3://"):
        console(stderr=True).print(f"[dim]good until {when(datetime.now(UTC) + timedelta(hours=hours))}[/]")


def _key(store: Store, run: Run, name: str) -> str:
    manifest = run.manifest
    known = {item.name: item.uri for item in (*manifest.artifacts, *manifest.byproducts)}
    if name == REPORT_NAME:
        key = report_of(run.ref.uri)
        if not store.exists(key):
            raise NotFound(f"{manifest.stage} drew no page of this run", remedy="`simgate show` has it in words")
        return key
    if name not in known:
        raise InputError("that run has no such file", actual=name, expected=" | ".join((REPORT_NAME, *sorted(known))))
    return known[name]
