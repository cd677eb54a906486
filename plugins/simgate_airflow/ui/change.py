"""Change: what changed since the model that a candidate replaces, as a part of a page: pushes, files, scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.when import when
from simgate.core.storage.store import Store
from simgate_airflow.gate.case import Case
from simgate_airflow.gate.change import Change, SceneChange, read_change
from simgate_airflow.gate.markdown import visible
from simgate_airflow.ui.thumbnails import Picture, thumbnails

SHOWN_ROWS = 1000
SHOWN_SCENES = 60


def change_fragment(case: Case) -> str:
    """Write the change as one `<section>`: other people's text escaped, pictures inline, no script, style or link."""
    change = read_change(case)
    pushed = [(when(push.at), push.author, push.message) for push in change.pushes]
    files = [(file.how, file.path) for file in change.files]
    asked = [(name, str(was), str(now)) for name, was, now in change.asked]
    return "".join((
        '<section class="change"><h2>What changed</h2>',
        f"<p>{_since(change)}</p>",
        _table(("pushed", "by", "message"), pushed),
        _scenes(case.store, change.scenes),
        _table(("file", "path"), files),
        _table(("asked", "before", "now"), asked),
        f"<p>Code or libraries changed: {escape(', '.join(change.code))}.</p>" if change.code else "",
        "</section>",
    ))  # fmt: skip


def _since(change: Change) -> str:
    if change.first:
        return "Nothing was live, or its scenes cannot be read: everything is new."
    if change.back:
        return "The scenes are older than those of the model that it replaces."
    if change.pushes:
        return "Since the model that it replaces was made."
    return "No scenes were pushed since the model that it replaces was made."


def _scenes(store: Store, scenes: Sequence[SceneChange]) -> str:
    moved = [scene for scene in scenes if scene.how != "unchanged"]
    same = [scene.name for scene in scenes if scene.how == "unchanged"]
    drawn = _drawn(store, moved[:SHOWN_SCENES])
    parts = [
        f"<h3>{escape(scene.name)}: {scene.how}</h3><div class=gallery>"
        f"{_figure(scene, scene.before, 'before', drawn)}{_figure(scene, scene.after, 'after', drawn)}</div>"
        for scene in moved[:SHOWN_SCENES]
    ]
    if len(moved) > SHOWN_SCENES:
        parts.append(f"<p>… and {len(moved) - SHOWN_SCENES} more scenes: see the reports of index.</p>")
    if same:
        parts.append(f"<p>Unchanged: {escape(', '.join(same))}.</p>")
    return "".join(parts)


def _drawn(store: Store, scenes: Sequence[SceneChange]) -> Mapping[str, Mapping[str, Picture]]:
    """Read the pictures by index run, each report once."""
    refs = {ref.uri for scene in scenes for ref in (scene.before, scene.after) if ref is not None}
    return {uri: thumbnails(store, uri) for uri in refs}


def _figure(scene: SceneChange, ref: ManifestRef | None, word: str, drawn: Mapping[str, Mapping[str, Picture]]) -> str:
    if ref is None:
        return f"<figure><figcaption>{word}: not there</figcaption></figure>"
    picture = drawn[ref.uri].get(scene.name)
    if picture is None:
        return f"<figure><figcaption>{word}: index drew no picture</figcaption></figure>"
    alt = escape(f"{scene.name} {word}")
    return f'<figure><img alt="{alt}" src="{picture.data_uri}"><figcaption>{word}</figcaption></figure>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; no table where it would be empty."""
    return "".join(_table_parts(head, rows)) if rows else ""


def _table_parts(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"<div class=scroll><table><thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr></thead>"
    yield "<tbody>"
    for row in rows[:SHOWN_ROWS]:
        cells = (escape(visible(" ".join(cell.split()))) for cell in row)
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div>"
    if len(rows) > SHOWN_ROWS:
        yield f"<p>… and {len(rows) - SHOWN_ROWS} more.</p>"
