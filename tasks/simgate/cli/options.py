"""Options that several commands share."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from simgate.core.errors import InputError
from simgate.core.storage.credentials import own_store_keys
from simgate.core.storage.store import Store

DEFAULT_STORE = "./.simgate/store"

STORE_VARIABLE = "SIMGATE_STORE"
STORE_HELP = "The artifact store: a folder or s3://bucket/prefix; also before the command."
StoreOption = Annotated[str, typer.Option("--store", envvar=STORE_VARIABLE, help=STORE_HELP)]


def store_before_command(
    context: typer.Context,
    store: Annotated[
        str | None, typer.Option("--store", help="The artifact store, for the command that follows.")
    ] = None,
) -> None:
    """Take `simgate --store X verify` as `simgate verify --store X`; an option after the command wins."""
    if store is None:
        return
    before = os.environ.get(STORE_VARIABLE)
    os.environ[STORE_VARIABLE] = store
    context.call_on_close(lambda: _put_back(before))


def _put_back(before: str | None) -> None:
    if before is None:
        os.environ.pop(STORE_VARIABLE, None)
    else:
        os.environ[STORE_VARIABLE] = before


def _domain(value: str) -> str:
    if not re.fullmatch(r"main|pr-[1-9][0-9]{0,8}", value):
        raise InputError("no such trust domain", actual=value, expected="main, or pr-<n> for a pull request")
    return value


DomainOption = Annotated[
    str,
    typer.Option(
        "--domain",
        envvar="SIMGATE_DOMAIN",
        callback=_domain,
        help="Trust domain: main, or pr-<n> for a pull request.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of a table.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; it is kept for ever.")]
WhoOption = Annotated[
    str, typer.Option("--who", envvar="SIMGATE_USER", help="Who does it; default: git's e-mail, else the login name.")
]


def open_store(url: str) -> Store:
    """Return the store under this process's own account, where it has one; a folder that is not there is made."""
    return Store(url, own_store_keys())


def present_store(url: str) -> Store:
    """Open a store to read. A missing folder is refused, because a mistyped one would look like an empty store."""
    place = open_store(url)
    if not place.url.startswith("s3://") and not Path(place.url).is_dir():
        raise InputError(
            "no store there", actual=place.url, expected="a folder that is a store",
            remedy="name it with --store or SIMGATE_STORE; `simgate scenes push` makes one",
        )  # fmt: skip
    return place
