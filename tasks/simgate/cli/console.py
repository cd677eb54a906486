"""Console: what people read goes through rich, what scripts read is plain JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simgate.core.when import when

__all__ = ["complain", "console", "short", "show_json", "show_table", "when"]

PIPE_WIDTH_CHARACTERS = 160
"""Width of tables where there is no terminal to ask."""


def console(*, stderr: bool = False) -> Console:
    """A console on stdout, or on stderr; wide enough in a pipe that nothing is cut."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH_CHARACTERS
    return Console(file=stream, width=width, highlight=False, soft_wrap=True)


def complain(line: str) -> None:
    """One red line on stderr."""
    console(stderr=True).print(f"[bold red]error:[/] [red]{escape(line)}[/]")


def show_json(value: object) -> None:
    """A JSON document on stdout, for scripts."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """A table of plain text; the text is not read as markup."""
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in head:
        table.add_column(name, overflow="fold")  # on to the next line: nothing is cut
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH_CHARACTERS, highlight=False).print(table)


SHORT_CHARACTERS = 12


def short(digest: str) -> str:
    """The first twelve characters of a digest: enough for a person. A digest to be copied is shown whole."""
    return digest[:SHORT_CHARACTERS]
