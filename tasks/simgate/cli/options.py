"""Options that several commands share, said in the same words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from simgate.core.errors import InputError
from simgate.core.storage.credentials import own_store_keys
from simgate.core.storage.store import Store

DEFAULT_STORE = "./.simgate/store"

StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="SIMGATE_STORE", help="The artifact store: a folder or s3://bucket/prefix."),
]


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
    """The store under this process's own account, where it has one; a folder that is not there is made."""
    return Store(url, own_store_keys())


def present_store(url: str) -> Store:
    """A store to read; a folder that is not there is refused, for a mistyped one would read as an empty one."""
    place = open_store(url)
    if not place.url.startswith("s3://") and not Path(place.url).is_dir():
        raise InputError(
            "no store there", actual=place.url, expected="a folder that is a store",
            remedy="name it with --store or SIMGATE_STORE; `simgate scenes push` makes one",
        )  # fmt: skip
    return place
