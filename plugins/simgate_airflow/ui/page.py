"""Page: one page of ours. Every word that somebody else chose is escaped here, and nothing has a script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse

from simgate_airflow.ui.headers import page_headers

RESULT_COLUMNS = 5
"""Tables of so many columns stand below one another on a page, with their columns in line."""


def page(
    title: str, parts: Iterable[str], *, badge: str = "", links: Mapping[str, str] | None = None, framed: bool = False,
    pictures: bool = False, status: int = 200,
) -> HTMLResponse:  # fmt: skip
    """Return a whole page: `parts` are HTML of this module, `links` lead on; a `framed` one gives its room to a frame.

    One with `pictures` has them inside.
    """
    nav = "".join(link(url, name) for name, url in (links or {}).items())
    body = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_style()}</style>
</head>
<body>
<main{' class="framed"' if framed else ""}>
<header><h1>{escape(title)}</h1>{pill(badge)}<nav>{nav}</nav></header>
{"".join(parts)}
</main>
</body>
</html>
"""
    return HTMLResponse(
        body.encode("utf-8", "replace"), status_code=status, headers=page_headers(_style(), pictures=pictures)
    )


def pill(word: str) -> str:
    """Return a verdict by word and sign, not by colour alone; nothing for no word."""
    if not word:
        return ""
    sign, tone = {"PASS": ("✓ ", " pass"), "FAIL": ("✕ ", " fail"), "failed": ("✕ ", " fail")}.get(word, ("", ""))
    return f'<span class="badge{tone}">{sign}{escape(word)}</span>'


def link(url: str, name: str) -> str:
    """Return a link; `url` is an address of ours."""
    return f'<a href="{escape(url)}">{escape(name)}</a>'


def words(text: str, *, soft: bool = False) -> str:
    """Return a paragraph."""
    return f"<p{' class=soft' if soft else ''}>{escape(text)}</p>"


def quoted(text: str) -> str:
    """Show other people's text verbatim, escaped."""
    return f"<pre>{escape(text)}</pre>"


def section(heading: str, *parts: str, aside: str = "") -> str:
    """Write one card."""
    more = f"<small>{escape(aside)}</small>" if aside else ""
    return f"<section><h2>{escape(heading)}{more}</h2>{''.join(parts)}</section>"


def facts(pairs: Mapping[str, str]) -> str:
    """Write names and values; one without a value is left out."""
    found = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs.items() if v)
    return f"<dl>{found}</dl>" if found else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML of this module."""
    head = "".join(f"<th>{escape(name)}</th>" for name in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    kind = ' class="results"' if len(headings) == RESULT_COLUMNS else ""
    return f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def count(number: int, noun: str) -> str:
    """Write a count: `1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def cell(text: str) -> str:
    """Write words in a cell."""
    return escape(text)


def folded(heading: str, html: str) -> str:
    """Write a part that the reader opens with a click."""
    return f"<details><summary>{escape(heading)}</summary>{html}</details>"


def frame(url: str, title: str) -> str:
    """Return a file of the store in a sandbox."""
    return f'<iframe src="{escape(url)}" title="{escape(title)}" sandbox></iframe>'


@cache
def _style() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")
