"""Damage: a command that reads skips a damaged object, names it on stderr, and exits with 3, as verify does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from simgate.cli.console import console, plain
from simgate.core.storage.damage import told

P = ParamSpec("P")
DAMAGED = 3
"""Exit code: something in the store is not what its digest or its memo says."""


def naming_damage(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command: it names each damaged object that it skipped once, and then exits with 3."""

    @wraps(command)
    def reading(*arguments: P.args, **named: P.kwargs) -> None:
        with told(_warn) as said:
            command(*arguments, **named)
        if said:
            raise typer.Exit(DAMAGED)

    return reading


def _warn(line: str) -> None:
    console(stderr=True).print(f"[yellow]{plain(line)}[/]", soft_wrap=True)
