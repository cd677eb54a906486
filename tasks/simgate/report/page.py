"""Page: one self-contained report, the same calm look for every stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Content-Security-Policy of a page: even a hostile string that got through could load and run nothing."""


@dataclass(frozen=True, slots=True)
class Section:
    """One card of a page. `html` comes from `simgate.report.figure`, which escapes its text."""

    heading: str
    html: str


def page(title: str, *, verdict: str | None, facts: Mapping[str, str], sections: Sequence[Section]) -> bytes:
    """Return the UTF-8 bytes of one HTML page that needs nothing else: no scripts, no network, no fonts.

    `verdict` is PASS, FAIL or another word; None means the stage is no gate. `facts` are shown in their order.
    """
    body = "\n".join(_card(section) for section in sections)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_style()}</style>
</head>
<body>
<main>
<header class="top"><h1>{escape(title)}</h1>{"" if verdict is None else badge(verdict)}</header>
{_facts(facts)}
{body}
<footer>simgate</footer>
</main>
</body>
</html>
""".encode("utf-8", errors="replace")


def badge(verdict: str) -> str:
    """Return a pill that says the verdict by word and sign, not by colour alone."""
    sign, tone = {"PASS": ("✓ ", " pass"), "FAIL": ("✕ ", " fail")}.get(verdict, ("", ""))
    return f'<span class="badge{tone}">{sign}{escape(verdict)}</span>'


def _card(section: Section) -> str:
    return f"<section><h2>{escape(section.heading)}</h2>\n{section.html}\n</section>"


def _facts(facts: Mapping[str, str]) -> str:
    if not facts:
        return ""
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items())
    return f'<section aria-label="Facts"><dl class="facts">{pairs}</dl></section>'


def _style() -> str:
    return files("simgate.report").joinpath("style.css").read_text(encoding="utf-8")
