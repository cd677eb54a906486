"""The page of an evaluation: the numbers against their thresholds, and every drive from above."""

from __future__ import annotations

from simgate.core.runtime.attempt import VERDICT_NAME, Verdict
from simgate.core.runtime.work import Drawn
from simgate.documents.episode import EpisodeResult
from simgate.documents.evaluation import Evaluation, Interval
from simgate.report.bars import svg_bars
from simgate.report.figure import grid, note, table
from simgate.report.map import svg_map
from simgate.report.page import Section, page
from simgate.specs.evaluate import EvaluateSpec

MAX_MAPS = 24


def page_of(drawn: Drawn[EvaluateSpec]) -> bytes:
    """One self-contained page."""
    found = Evaluation.from_json(drawn.read("evaluation.json"), what="evaluation.json")
    verdict = Verdict.from_json(drawn.read(VERDICT_NAME), what=VERDICT_NAME)
    facts = {
        "mAP at IoU 0.5": f"{found.map_50.value:.3f}",
        "Command error": f"{found.command_error.value:.3f}",
        "Success": f"{found.success_rate.value:.0%}",
        "Untrained": f"{found.baseline_success_rate.value:.0%}",
        "Collisions": f"{found.collision_rate.value:.0%}",
        "Episodes": f"{len(found.episodes)} pairs",
    }
    reasons = (
        [Section("Why not", table(("reason",), [(reason,) for reason in verdict.reasons]))] if verdict.reasons else []
    )
    shown = {label: round(value, 3) for label, value in found.average_precision.items()}
    bars = svg_bars(shown, x_label="average precision", y_label="class")
    sections = [
        *reasons,
        _numbers(drawn.spec, found, verdict),
        Section("Detection by class", bars),
        _outcomes(found),
        _maps(found),
    ]
    return page("Evaluation", verdict=verdict.verdict, facts=facts, sections=sections)


def _numbers(spec: EvaluateSpec, found: Evaluation, verdict: Verdict) -> Section:
    gain, chance = verdict.metrics["success_gain"], verdict.metrics["success_gain_p"]
    rows = [
        ("map_50", _number(found.map_50), f"≥ {spec.min_map_50}", _word(found.map_50.value >= spec.min_map_50)),
        (
            "command_error",
            _number(found.command_error),
            f"≤ {spec.max_command_error}",
            _word(found.command_error.value <= spec.max_command_error),
        ),
        (
            "success_gain",
            f"{gain:.3f} (p = {chance:.4f})",
            f"≥ {spec.min_success_gain}",
            _word(gain >= spec.min_success_gain),
        ),
        ("success_rate", _number(found.success_rate), "", ""),
        ("collision_rate", _number(found.collision_rate), "", ""),
        ("baseline_success_rate", _number(found.baseline_success_rate), "", ""),
    ]
    text = note(
        "95 % intervals: bootstrap over episodes for frames, Wilson for rates; p: one-sided sign test over pairs."
    )
    return Section("Numbers", text + table(("metric", "value (95 % interval)", "threshold", ""), rows))


def _outcomes(found: Evaluation) -> Section:
    rows = [
        (
            a.scene,
            a.episode,
            a.outcome,
            a.steps,
            f"{a.distance_left_m:.2f}",
            b.outcome,
            b.steps,
            f"{b.distance_left_m:.2f}",
        )
        for a, b in zip(found.episodes, found.baseline_episodes, strict=True)
    ]
    head = ("scene", "episode", "model", "steps", "left m", "untrained", "steps", "left m")
    return Section("Closed loop, pair by pair", table(head, rows))


def _maps(found: Evaluation) -> Section:
    pairs = list(zip(found.episodes, found.baseline_episodes, strict=True))[:MAX_MAPS]
    return Section("Drives from above", grid([_map(model, untrained) for model, untrained in pairs]))


def _map(model: EpisodeResult, untrained: EpisodeResult) -> str:
    caption = f"{model.scene} {model.episode}: {model.outcome}, untrained {untrained.outcome}"
    return svg_map({"model": model.path, "untrained": untrained.path}, (), None, caption=caption)


def _number(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _word(passed: bool) -> str:
    return "PASS" if passed else "FAIL"
