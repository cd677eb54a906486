"""Console: what people read goes through rich, what scripts read is plain JSON on stdout.

Other people's words are in both: a terminal is never given a control character of theirs, which could clear it, hide
lines or forge some. They are shown escaped, ESC as \\x1b.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from simgate.core.documents.when import when

__all__ = ["complain", "console", "plain", "short", "show_json", "show_table", "when"]

PIPE_WIDTH_CHARACTERS = 160
"""Width of tables where there is no terminal to ask."""


class _Console(Console):
    """Shows every character of a text that moves nothing; of control characters only line breaks and tabs act."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Render the text with control characters made visible, except line breaks and tabs."""
        return super().render_str(_visible(text, but="\n\t"), **options)


def console(*, stderr: bool = False) -> Console:
    """Return a console on stdout, or on stderr; wide enough in a pipe that nothing is cut."""
    return _console(stderr=stderr, soft_wrap=True)


def _console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH_CHARACTERS
    return _Console(file=stream, width=width, highlight=False, emoji=False, soft_wrap=soft_wrap)


def plain(text: str) -> str:
    """Make other people's text safe within a line: no markup, no line break, no control character."""
    return escape(_visible(text))


def _visible(text: str, but: str = "") -> str:
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in but else sign.encode("unicode_escape").decode() for sign in text
    )


def complain(line: str) -> None:
    """Print one red error line on stderr."""
    console(stderr=True).print(f"[bold red]error:[/] [red]{plain(line)}[/]")


def show_json(value: object) -> None:
    """Print a JSON document on stdout, for scripts."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    safe = "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)
    sys.stdout.write(f"{safe}\n")


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", empty: str = "") -> None:
    """Print a table of plain text without markup, each row as one; `empty` is printed below a table without rows."""
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in head:
        table.add_column(name, overflow="fold")  # on to the next line: nothing is cut
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    _console().print(table)
    if empty and not rows:
        _console().print(plain(empty))


SHORT_CHARACTERS = 12


def short(digest: str) -> str:
    """Return the first twelve characters of a digest: enough for a person. A digest to be copied is shown whole."""
    return digest[:SHORT_CHARACTERS]
