"""Figures: the two numbers of a run that are looked at first; the rest is in its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simgate.core.documents.canonical import parse_json
from simgate.core.errors import SimgateError
from simgate.core.runtime.attempt import Verdict
from simgate.core.runtime.manifest import Manifest
from simgate.core.storage.store import Store
from simgate.specs.generate import GenerateSpec
from simgate.specs.index import IndexSpec

SHOWN = 2
METRICS: Mapping[str, tuple[str, ...]] = {
    "validate": ("frames train", "frames eval"),
    "evaluate": ("map_50", "command_error"),
    "hil": ("latency_p99_ms", "safety_trips"),
}
"""Stage → metrics of its verdict; of a gate that is not named, the first by name."""
MAX_CARD_BYTES = 1024 * 1024


def figures(store: Store, manifest: Manifest, verdict: Verdict | None) -> tuple[str, ...]:
    """Write at most two figures, e.g. `map_50 0.31`; none where a document lacks them."""
    try:
        found = _metrics(manifest.stage, verdict) if verdict else _OF.get(manifest.stage, _none)(store, manifest)
    except (SimgateError, KeyError, TypeError, ValueError):
        return ()
    return tuple(f"{name} {_short(value)}" for name, value in found.items())[:SHOWN]


def _metrics(stage: str, verdict: Verdict) -> dict[str, float]:
    if stage == "export":
        return {"largest difference": max(verdict.metrics.values()), "outputs": len(verdict.metrics)}
    named = METRICS.get(stage, ())
    return {name: verdict.metrics[name] for name in named if name in verdict.metrics} or dict(
        sorted(verdict.metrics.items())
    )


def _index(_store: Store, manifest: Manifest) -> dict[str, float]:
    scenes = manifest.spec_as(IndexSpec).scenes
    return {"scenes": len(scenes), "episodes": sum(scene.episodes for scene in scenes)}


def _generate(_store: Store, manifest: Manifest) -> dict[str, float]:
    spec = manifest.spec_as(GenerateSpec)
    return {
        "frames": spec.episodes * spec.frames_per_episode,
        "MB": sum(item.size_bytes for item in manifest.artifacts) / 1e6,
    }


def _train(store: Store, manifest: Manifest) -> dict[str, float]:
    data = store.read(manifest.artifact("model.json"), max_bytes=MAX_CARD_BYTES)
    card = parse_json(data, what="model.json")
    found: dict[str, float] = {"steps": int(card["steps"])}
    return found if card["last"] is None else {**found, "loss": float(card["last"]["total"])}


def _none(_store: Store, _manifest: Manifest) -> dict[str, float]:
    return {}


_OF: Mapping[str, Callable[[Store, Manifest], dict[str, float]]] = {
    "index": _index,
    "generate": _generate,
    "train": _train,
}


def _short(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.3g}"
