"""Way: the nine cards of the picture, filled from a story."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

import drawing
import numpy as np
import view
from numpy.typing import NDArray
from PIL import Image
from story import Story

from simgate.core.given.snapshot import Snapshot, materialize
from simgate.core.runtime.attempt import Verdict
from simgate.data.sample import Sample
from simgate.documents.dataset import DatasetDocument
from simgate.documents.evaluation import Evaluation
from simgate.documents.parity_report import Parity
from simgate.documents.scene import ClosureFile
from simgate.families.card import EpochLosses, ModelCard
from simgate.generate.gallery import depth_colors, mask_colors
from simgate.hil.trace import Trace

CORNER = view.Corner(0.3, 0.46, (1.9, -1.5, 0.5))
SCENE_PX = (820, 615)


def page(story: Story, folder: Path) -> str:
    """The page that is photographed."""
    template = Template(Path(__file__).with_name("way.html").read_text(encoding="utf-8"))
    cards = _edit(story, folder) | _data(story, folder) | _model(story) | _judged(story) | _bench(story)
    return template.substitute(cards | _released(story))


def _edit(story: Story, folder: Path) -> dict[str, str]:
    """The first scene that was edited, from a corner, with what moved in it."""
    edit = story.edit
    scene = next((path.split("/")[0] for path in edit.changed), "home")
    after = _placed(story, edit.after, folder / "after") / scene / f"{scene}.usda"
    moved = names = ""
    if edit.before is not None:
        before = _placed(story, edit.before, folder / "before") / scene / f"{scene}.usda"
        found = view.moved(before, after)
        names = ", ".join(found)
        shapes = [_highlight(view.frame(after, box, CORNER, SCENE_PX)) for box in found.values()]
        box = f"0 0 {SCENE_PX[0]} {SCENE_PX[1]}"
        moved = f'<svg preserveAspectRatio="xMidYMid slice" viewBox="{box}">{"".join(shapes)}</svg>'
    text = f"{_mono(names)} moves in the {scene}" if names else f"<b>{len(edit.changed)} files</b> are new"
    return {"scene": _url(view.picture(after, SCENE_PX, CORNER)), "moved": moved, "edit": text}


def _highlight(frame: tuple[float, float, float, float], margin: float = 10) -> str:
    x, y, width, height = frame
    place = f'x="{x - margin:.0f}" y="{y - margin:.0f}"'
    size = f'width="{width + 2 * margin:.0f}" height="{height + 2 * margin:.0f}"'
    return "".join(f'<rect rx="10" class="{name}" {place} {size}/>' for name in ("outer", "inner"))


def _data(story: Story, folder: Path) -> dict[str, str]:
    dataset = story.read("validate", "dataset.json", DatasetDocument)
    obstacles = story.read("train", "model.json", ModelCard).network.obstacles
    verdict = story.read("validate", "verdict.json", Verdict)
    findings = sum(value for name, value in verdict.metrics.items() if name.startswith("findings "))
    kinds = sum(name.startswith("findings ") for name in verdict.metrics)
    rows = {"frames": dataset.frames, "kinds of check": kinds, "findings": int(findings)}
    return {
        "frames": "".join(_frame(sample, obstacles) for sample in _shown(story, folder, obstacles)),
        "generated": f"<b>{dataset.frames} frames</b>, {dataset.episodes} drives, simulated by Newton",
        "checks": _rows({name: str(value) for name, value in rows.items()}),
        "validated": "pictures, masks, depth and motion must agree",
    }


def _shown(story: Story, folder: Path, obstacles: Sequence[str]) -> Iterator[Sample]:
    """Of the first shard of two scenes, the frame in which most is to be seen."""
    for scene in ("home", "office"):
        yield max(story.frames(f"{scene}[0]", folder / f"shard-{scene}"), key=lambda sample: _worth(sample, obstacles))


def _worth(sample: Sample, obstacles: Sequence[str]) -> float:
    """Different obstacles, each of them whole and large, are worth most."""
    height, width = sample.rgb.shape[:2]
    best = dict.fromkeys(obstacles, 0.0)
    for box in sample.boxes:
        cut = box.x_min_px == 0 or box.y_min_px == 0 or box.x_max_px == width or box.y_max_px == height
        if box.label in best and box.occlusion < 0.2 and not cut:
            best[box.label] = max(best[box.label], min(box.visible_px, 800) ** 0.5)
    return sum(best.values())


def _frame(sample: Sample, obstacles: Sequence[str]) -> str:
    """Picture with the boxes of obstacles, depth, instances."""
    colors, masks = depth_colors(sample.depth_m), mask_colors(sample.instance)
    cells = ((sample.rgb, drawing.boxes(sample, obstacles)), (colors, ""), (masks, ""))
    return "".join(f'<div class="frame"><img src="{_url(image)}">{over}</div>' for image, over in cells)


def _model(story: Story) -> dict[str, str]:
    lines = story.bytes_of("train", "metrics.jsonl").splitlines()
    losses = [EpochLosses.from_json(line, what="metrics.jsonl").total for line in lines]
    card = story.read("train", "model.json", ModelCard)
    parity = story.read("export", "parity.json", Parity)
    differs = max(row.max for row in parity.rows if row.output.startswith("command."))
    return {
        "losses": drawing.loss_curve(losses, (232, 196)),
        "trained": f"loss over <b>{card.epochs} epochs</b>, {card.world_size} processes",
        "exported": f"commands within <b>10<sup>−{int(-np.log10(differs))}</sup></b> of PyTorch’s",
    }


def _judged(story: Story) -> dict[str, str]:
    found = story.read("evaluate", "evaluation.json", Evaluation)
    rate, untrained = (found.intervals[name] for name in ("success_rate", "baseline_success_rate"))
    return {
        "drives": drawing.drives(found.episodes, (214, 232)),
        "success": f"{rate.value:.0%}",
        "interval": drawing.interval_bar(rate, (116, 30)),
        "outcomes": _outcomes(found),
        "judged": f"<b>{100 * rate.low:.0f}–{rate.high:.0%}</b> reach the goal (95 %), untrained {untrained.value:.0%}",
    }


def _outcomes(found: Evaluation) -> str:
    count: Counter[str] = Counter(episode.outcome for episode in found.episodes)
    signs = {"success": '<span class="sign good">○</span> goal', "collision": '<span class="sign">✕</span> hit'}
    rows = [f'<div><span>{sign}</span><b class="ink">{count[kind]}</b></div>' for kind, sign in signs.items()]
    return f'<div class="rows tight">{"".join(rows)}</div>'


def _bench(story: Story) -> dict[str, str]:
    trace = story.read("hil", "trace.json", Trace)
    trips = sum(len(drive.trips) for drive in trace.drives)
    asked = [item for drive in trace.drives for item in drive.asked]
    slowest_ms = max(item.latency_ms for item in asked if item.latency_ms is not None)
    return {
        "commands": drawing.commands(trace.drives[0], (286, 176)),
        "benched": f"<b>{len(asked)} commands</b>, slowest {slowest_ms:.0f} ms, <b>{trips}</b> safety trips",
    }


def _released(story: Story) -> dict[str, str]:
    ledger = story.ledger
    automatic = ledger[-1].who.startswith("automatic")
    asked = f'Release<br><b class="ink">{escape(story.model)}</b>'
    question = f'<div class="question"><div>{asked}</div>{_mono(story.live.candidate[:12])}'
    entries = [
        f'<div class="entry{" live" * last}"><b>{entry.seq}</b>{escape(entry.action)}{last * LIVE_BADGE}</div>'
        for entry, last in ((entry, entry is ledger[-1]) for entry in ledger[-4:])
    ]
    return {
        "question": f'{question}<div><span class="badge pass">Approve</span></div></div>',
        "approved": f"{'the demo’s stand-in answers for' if automatic else 'asks a person about'} this digest alone",
        "ledger": f"<div>{''.join(entries)}</div>",
        "live": f"engine {_mono(story.live.engine[:12])}",
    }


LIVE_BADGE = '<span class="badge pass">● live</span>'


def _placed(story: Story, snapshot: Snapshot, folder: Path) -> Path:
    """A snapshot's files on disk."""
    files = [ClosureFile(path=p, sha256=ref.sha256, size_bytes=ref.size_bytes) for p, ref in snapshot.files.items()]
    folder.mkdir()
    materialize(story.store, files, folder)
    return folder


def _rows(facts: dict[str, str]) -> str:
    rows = "".join(f'<div>{escape(name)}<b class="ink">{escape(value)}</b></div>' for name, value in facts.items())
    return f'<div class="rows">{rows}</div>'


def _mono(text: str) -> str:
    return f'<span class="mono">{escape(text)}</span>'


def _url(pixels: NDArray[np.uint8]) -> str:
    """A picture as a data URL."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
