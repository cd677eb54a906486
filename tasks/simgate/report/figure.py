"""Figures: pictures, tables and charts as HTML fragments. Every text is escaped, every size is bounded."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape

from simgate.core.errors import InputError
from simgate.report.bars import svg_bars
from simgate.report.lines import svg_lines
from simgate.report.map import svg_map
from simgate.report.page import badge

__all__ = ["gallery", "grid", "heading", "note", "png_img", "svg_bars", "svg_lines", "svg_map", "table"]

MAX_PICTURES = 60
MAX_PICTURE_BYTES = 4_000_000
MAX_ROWS = 400
MAX_CELL_CHARACTERS = 600

_SHA256 = re.compile(r"(sha256:)?[0-9a-f]{64}")


def note(text: str) -> str:
    """Write one paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def heading(text: str) -> str:
    """Return a smaller heading inside a section."""
    return f"<h3>{escape(text)}</h3>"


def png_img(data: bytes, alt: str) -> str:
    """Return an inline picture from PNG (or JPEG) bytes; `alt` says what is in it."""
    return f'<img alt="{escape(alt)}" src="data:{_media_type(data, alt)};base64,{base64.b64encode(data).decode()}">'


def gallery(items: Sequence[tuple[bytes, str]]) -> str:
    """Draw a responsive grid of PNG or JPEG pictures with captions; it says how many beyond `MAX_PICTURES` are left
    out.
    """
    if not items:
        return '<p class="more">No pictures.</p>'
    cells = "".join(
        f"<figure>{png_img(data, caption)}<figcaption>{escape(caption)}</figcaption></figure>"
        for data, caption in items[:MAX_PICTURES]
    )
    few = " few" if len(items) <= 3 else ""
    return f'<div class="gallery{few}">{cells}</div>{_left_out(len(items) - MAX_PICTURES, "pictures")}'


def grid(fragments: Sequence[str]) -> str:
    """Place several figures (fragments made by this module) side by side, as many in a row as fit."""
    return f'<div class="grid">{"".join(f"<div class=cell>{fragment}</div>" for fragment in fragments)}</div>'


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; numbers are right-aligned, digests shortened (in full on hover), PASS and FAIL become badges."""
    shown = rows[:MAX_ROWS]
    numeric = [
        bool(shown) and all(_is_number(row[column]) for row in shown if column < len(row))
        for column in range(len(head))
    ]
    titles = "".join(
        f"<th{_number_class(right)}>{escape(name)}</th>" for name, right in zip(head, numeric, strict=True)
    )
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in shown)
    if not shown:
        body = f'<tr><td class="more" colspan="{len(head)}">Nothing here.</td></tr>'
    html = f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'
    return html + _left_out(len(rows) - MAX_ROWS, "rows")


def _cell(value: object) -> str:
    if _is_number(value):
        return f'<td class="number">{_number(value)}</td>'
    text = str(value)
    if text in ("PASS", "FAIL"):
        return f"<td>{badge(text)}</td>"
    if _SHA256.fullmatch(text):
        return f'<td><span class="mono" title="{text}">{text.removeprefix("sha256:")[:12]}…</span></td>'
    return f"<td>{escape(text[:MAX_CELL_CHARACTERS])}{'…' if len(text) > MAX_CELL_CHARACTERS else ''}</td>"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _number_class(right: bool) -> str:
    return ' class="number"' if right else ""


def _left_out(count: int, what: str) -> str:
    return f'<p class="more">… and {count:,} more {what}.</p>' if count > 0 else ""


def _media_type(data: bytes, alt: str) -> str:
    if len(data) > MAX_PICTURE_BYTES:
        raise InputError(
            f"picture {alt!r} is too large", actual=f"{len(data)} bytes", expected=f"at most {MAX_PICTURE_BYTES}"
        )
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    raise InputError(f"picture {alt!r} is neither PNG nor JPEG", actual=repr(data[:8]))
