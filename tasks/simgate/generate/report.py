"""Report of generate: what the robot saw, and where it drove."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from simgate.core.runtime.work import Drawn
from simgate.data.episodes import EpisodesDocument
from simgate.data.shard import ShardIndex, ShardReader
from simgate.generate.gallery import panels
from simgate.report import figure
from simgate.report.page import Section, page
from simgate.specs.generate import GenerateSpec

PICTURES = 12
MAPS = 12
LEGEND = "Each picture: colour with its 2D boxes, depth (bright is near); below, classes and instances."


def draw(drawn: Drawn[GenerateSpec]) -> bytes:
    """Return the page: samples spread over the shard, paths from above, label counts, throughput."""
    spec = drawn.spec
    with tempfile.TemporaryDirectory(prefix="simgate-report-") as name:
        folder = Path(name)
        for output in ("shard.tar", "rows.parquet"):
            drawn.store.fetch(drawn.manifest.artifact(output), folder / output)
        index = ShardIndex.from_json(drawn.read("shard.index.json"), what="shard.index.json")
        columns = pq.read_table(folder / "rows.parquet").to_pydict()
        pictures = _pictures(folder / "shard.tar", index)
    episodes = EpisodesDocument.from_json(drawn.read("episodes.json"), what="episodes.json")
    last = spec.first_episode + spec.episodes - 1
    facts = {
        "Scene": spec.scene,
        "Episodes": f"{spec.first_episode} to {last}",
        "Frames": str(len(index.samples)),
        "Picture": f"{spec.camera.width_px} × {spec.camera.height_px} px at {spec.camera.rate_hz:g} Hz",
        "Simulator": f"{spec.simulator} {spec.simulator_version}, {spec.device}",
        "Seed": str(spec.dataset_seed),
        **_throughput(drawn.read("throughput.json")),
    }
    sections = [
        Section("What it saw", figure.note(LEGEND) + figure.gallery(pictures)),
        Section("Where it drove", _maps(episodes, columns)),
        Section("Boxes by class", _boxes(columns)),
    ]
    return page(
        f"generate · {spec.scene} · episodes {spec.first_episode}–{last}", verdict=None, facts=facts, sections=sections
    )


def _pictures(shard: Path, index: ShardIndex) -> list[tuple[bytes, str]]:
    count = len(index.samples)
    chosen = sorted({round(i * (count - 1) / max(PICTURES - 1, 1)) for i in range(PICTURES)}) if count else []
    with ShardReader(shard, index) as reader:
        samples = [reader[position] for position in chosen]
    return [
        (
            panels(sample),
            f"episode {sample.episode}, frame {sample.frame}: {len(sample.boxes)} boxes, expert "
            f"{sample.command.speed_m_s:.2f} m/s, {sample.command.yaw_rate_rad_s:+.2f} rad/s",
        )
        for sample in samples
    ]


def _maps(document: EpisodesDocument, columns: dict[str, list[float]]) -> str:
    driven: dict[float, list[tuple[float, float]]] = {}
    for episode, x_m, y_m in zip(columns["episode"], columns["x_m"], columns["y_m"], strict=True):
        driven.setdefault(episode, []).append((x_m, y_m))
    maps = [
        figure.svg_map(
            {"planned": episode.path, "driven": driven.get(episode.episode, [])},
            episode.obstacles,
            (episode.goal.x_m, episode.goal.y_m),
            caption=f"episode {episode.episode}",
        )
        for episode in document.episodes[:MAPS]
    ]
    return figure.grid(maps)


def _boxes(columns: dict[str, list[list[str]]]) -> str:
    counts: dict[str, float] = {}
    for labels in columns["box_label"]:
        for label in labels:
            counts[label] = counts.get(label, 0) + 1
    return figure.svg_bars(dict(sorted(counts.items(), key=lambda item: -item[1])), x_label="boxes", y_label="class")


def _throughput(data: bytes) -> dict[str, str]:
    observed = json.loads(data)
    share = observed["encode_s"] / max(observed["encode_s"] + observed["simulate_s"], 1e-9)
    return {"Speed": f"{observed['frames_per_s']:.1f} frames/s, {share:.0%} of it encoding and writing"}
