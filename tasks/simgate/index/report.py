"""The page of an index run. It is drawn after the commit, so nothing here can change a data output."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from simgate.core.given.snapshot import materialize
from simgate.core.runtime.work import Drawn
from simgate.documents.scene import SceneItem
from simgate.documents.shard_plan import ShardPlan
from simgate.report import figure
from simgate.report.page import Section, page
from simgate.scene.lint import Finding, Lint
from simgate.specs.index import IndexSpec

MAX_LABELS = 40
MAX_PICTURES = 24


def draw(drawn: Drawn[IndexSpec]) -> bytes:
    """Draw the page: a picture of each scene, its labels, its files, and the findings of lint."""
    items = [_item(drawn, choice.name) for choice in drawn.spec.scenes]
    plan = ShardPlan.from_json(drawn.read("shards.json"), what="shards.json")
    lint = Lint.from_json(drawn.read("lint.json"), what="lint.json")
    sections = [
        Section("Scenes", _pictures(drawn, items) + _scenes(items, plan)),
        Section("Labels", _labels(items)),
        Section("Lights", _lights(items)),
        Section("Lint", _lint(lint)),
        *(Section(f"Files of {item.name}", _files(item)) for item in items),
    ]
    return page("index", verdict=None, facts=_facts(items, plan, lint), sections=sections)


def _item(drawn: Drawn[IndexSpec], scene: str) -> SceneItem:
    return SceneItem.from_json(drawn.read(f"scenes/{scene}.json"), what=f"scene item {scene}")


def _pictures(drawn: Drawn[IndexSpec], items: Sequence[SceneItem]) -> str:
    """Return a picture of each scene; one that cannot be taken is told, and the page is drawn all the same."""
    pictures: list[tuple[bytes, str]] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="simgate-index-") as folder:
        for item in items[:MAX_PICTURES]:
            try:
                pictures.append((_picture(drawn, item, Path(folder)), item.name))
            except Exception as error:
                notes.append(figure.note(f"No picture of {item.name}: {error}"))
    return (figure.gallery(pictures) if pictures else "") + "".join(notes)


def _picture(drawn: Drawn[IndexSpec], item: SceneItem, folder: Path) -> bytes:
    from simgate.index.thumbnail import thumbnail  # heavy, and none of the stage's work needs it

    materialize(drawn.store, item.closure, folder, drawn.manifest.domain)
    return thumbnail(folder, item, drawn.spec)


def _facts(items: Sequence[SceneItem], plan: ShardPlan, lint: Lint) -> dict[str, str]:
    files = {file.sha256: file.size_bytes for item in items for file in item.closure}
    episodes = {split: sum(s.episodes for s in plan.shards if s.split == split) for split in ("train", "eval")}
    return {
        "Scenes": str(len(items)),
        "Episodes": f"{episodes['train']:,} train, {episodes['eval']:,} eval",
        "Shards": f"{len(plan.shards):,}",
        "Files": f"{len(files):,}, {size_text(sum(files.values()))}",
        "Lint": _counts([finding for findings in lint.scenes.values() for finding in findings]),
        "Validator": f"usd-validation-nvidia {lint.validator}",
    }


def _scenes(items: Sequence[SceneItem], plan: ShardPlan) -> str:
    head = ("Scene", "Split", "Episodes", "Shards", "Labelled prims", "Classes", "Lights", "Files", "Size", "Closure")
    return figure.table(head, [_scene_row(item, plan) for item in items])


def _scene_row(item: SceneItem, plan: ShardPlan) -> tuple[object, ...]:
    shards = [shard for shard in plan.shards if shard.scene == item.name]
    return (
        item.name,
        item.split,
        sum(shard.episodes for shard in shards),
        len(shards),
        sum(label.prims for label in item.labels),
        len(item.labels),
        len(item.lights),
        len(item.closure),
        size_text(sum(file.size_bytes for file in item.closure)),
        item.closure_sha256,
    )


def _labels(items: Sequence[SceneItem]) -> str:
    parts = []
    for item in items:
        bars = {
            label.label: float(label.prims)
            for label in sorted(item.labels, key=lambda label: -label.prims)[:MAX_LABELS]
        }
        parts.append(figure.heading(item.name) + figure.svg_bars(bars, x_label="labelled prims", y_label="class"))
    return "".join(parts)


def _lights(items: Sequence[SceneItem]) -> str:
    rows = [(item.name, light.prim, light.kind, light.intensity) for item in items for light in item.lights]
    return figure.table(("Scene", "Prim", "Kind", "Intensity"), rows)


def _lint(lint: Lint) -> str:
    rows = [
        (scene, finding.severity, finding.rule, finding.prim or finding.layer, finding.message)
        for scene, findings in lint.scenes.items()
        for finding in findings
    ]
    if not rows:
        return figure.note("No findings.")
    return figure.table(("Scene", "Severity", "Rule", "Where", "What"), rows)


def _counts(findings: Sequence[Finding]) -> str:
    counts = {kind: sum(finding.severity == kind for finding in findings) for kind in ("error", "failure", "warning")}
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items())


def _files(item: SceneItem) -> str:
    rows = [(file.path, size_text(file.size_bytes), file.sha256) for file in item.closure]
    return figure.table(("Path", "Size", "SHA-256"), rows)


def size_text(size_bytes: int) -> str:
    """Write a size for people: `12.3 MB`."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
