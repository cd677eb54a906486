"""Markdown: words that somebody else chose, as Airflow's page shows them: as code, of which nothing comes."""

from __future__ import annotations

from collections.abc import Sequence

MAX_CHARACTERS = 400


def code(text: object) -> str:
    """Write other people's text (author, push message, file name) as Markdown code: no link, picture, HTML or table.

    Invisible and direction-changing characters are written out; a shortened text says how much is missing.
    """
    words = visible(" ".join(str(text).replace("`", "'").split()))
    if len(words) > MAX_CHARACTERS:
        words = f"{words[:MAX_CHARACTERS]} … ({len(words) - MAX_CHARACTERS} more characters)"
    return f"`{words or ' '}`"


def visible(text: str) -> str:
    """Return the text with every sign that cannot be seen, or that turns the line around, written out: `\\u202e`."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of Markdown cells; a bar within one is drawn with a gap, since it would end the cell."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '¦') for cell in line)} |" for line in lines)
