"""Docs: the Data Docs site of Great Expectations, made legible where its style sheets cannot be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".png": "image/png", ".svg": "image/svg+xml"}
LEFT_OUT = (".gif",)
"""Two animated manuals of 3 MB."""

_FALLBACK = b"""<style>
/* Used only where the page cannot fetch its own style sheets: they come later and win. */
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 64rem; padding: 0 1rem; color: #1a1c20; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
th, td { border-bottom: 1px solid #ddd; padding: .3rem .7rem; text-align: left; vertical-align: top; }
.fa-check-circle::before { content: "\\2713"; color: #1a7f37; }
.fa-times::before, .fa-exclamation-triangle::before { content: "\\2717"; color: #b42318; }
img { max-height: 2.5rem; }
.ge-index-page-site-name-column, .newsletter-form { display: none; }
</style>
"""


@dataclass(frozen=True, slots=True)
class DocsFile:
    """One file of the site."""

    name: str
    """Relative to the site."""
    data: bytes
    media_type: str


def site_files(docs: Path) -> Iterator[DocsFile]:
    """Yield every file of the site below `docs`, pages with a plain look to fall back to."""
    for path in sorted(path for path in docs.rglob("*") if path.is_file() and path.suffix not in LEFT_OUT):
        media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
        data = path.read_bytes()
        if path.suffix == ".html":
            data = data.replace(b"<head>", b"<head>\n" + _FALLBACK, 1)
        yield DocsFile(path.relative_to(docs).as_posix(), data, media_type)
