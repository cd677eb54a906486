"""The page of an evaluation: the numbers against their thresholds, and every drive from above."""

from __future__ import annotations

from collections.abc import Mapping

from simgate.core.runtime.attempt import VERDICT_NAME, Verdict
from simgate.core.runtime.work import Drawn
from simgate.documents.episode import EpisodeResult
from simgate.documents.evaluation import Evaluation, Interval
from simgate.report.bars import svg_bars
from simgate.report.figure import grid, note, table
from simgate.report.map import svg_map
from simgate.report.page import Section, page
from simgate.specs.bounds import Bound, bounds
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.metric import metric

MAX_MAPS = 24


def page_of(drawn: Drawn[EvaluateSpec]) -> bytes:
    """Draw the report as one self-contained page."""
    found = Evaluation.from_json(drawn.read("evaluation.json"), what="evaluation.json")
    verdict = Verdict.from_json(drawn.read(VERDICT_NAME), what=VERDICT_NAME)
    facts = {
        **{
            name: metric("evaluate", name, found.family).text(interval.value)
            for name, interval in found.intervals.items()
        },
        **({"Episodes": f"{len(found.episodes)} pairs"} if found.episodes else {}),
    }
    reasons = (
        [Section("Why not", table(("reason",), [(reason,) for reason in verdict.reasons]))] if verdict.reasons else []
    )
    sections = [
        *reasons,
        _numbers(drawn.spec, found, verdict),
        *(_bars(name, values) for name, values in found.by_class.items()),
        *((_outcomes(found), _maps(found)) if found.episodes else ()),
    ]
    return page("Evaluation", verdict=verdict.verdict, facts=facts, sections=sections)


def _bars(name: str, values: Mapping[str, float]) -> Section:
    label = name.replace("_", " ")
    shown = {kind: round(value, 3) for kind, value in values.items()}
    return Section(f"By class: {label}", svg_bars(shown, x_label=label, y_label="class"))


def _numbers(spec: EvaluateSpec, found: Evaluation, verdict: Verdict) -> Section:
    limits = {bound.metric: bound for bound in bounds(spec)}
    rows = [_row(name, value, found, limits.get(name)) for name, value in verdict.metrics.items()]
    text = note(
        "95 % intervals: bootstrap over episodes for frames, Wilson for rates; p: one-sided sign test over pairs."
    )
    return Section("Numbers", text + table(("metric", "value (95 % interval)", "threshold", ""), rows))


def _row(name: str, value: float, found: Evaluation, bound: Bound | None) -> tuple[str, str, str, str]:
    interval = found.intervals.get(name)
    number = _number(interval) if interval else f"{value:.4g}"
    if bound is None:
        return name, number, "", ""
    sign = "≥" if bound.side == "at least" else "≤"
    return name, number, f"{sign} {bound.limit:g}", _word(not bound.problem({name: value}))


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
