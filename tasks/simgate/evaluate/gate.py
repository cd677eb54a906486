"""Gate: which numbers must hold, and the sentence that says which one did not."""

from __future__ import annotations

from simgate.evaluate.closed_loop import ClosedLoop
from simgate.evaluate.interval import sign_test
from simgate.specs.evaluate import EvaluateSpec, Evaluation


def metrics_of(evaluation: Evaluation, closed_loop: ClosedLoop) -> dict[str, float]:
    """The numbers of the verdict. `success_gain` is the difference of the rates over the same episodes;
    `success_gain_p` is how likely the untrained network, if it were as good, would let the model win so many pairs.
    """
    return {
        "map_50": evaluation.map_50.value,
        "command_error": evaluation.command_error.value,
        "success_rate": evaluation.success_rate.value,
        "collision_rate": evaluation.collision_rate.value,
        "baseline_success_rate": evaluation.baseline_success_rate.value,
        "success_gain": (closed_loop.better - closed_loop.worse) / len(closed_loop.episodes),
        "success_gain_p": sign_test(closed_loop.better, closed_loop.worse),
    }


def failures(spec: EvaluateSpec, metrics: dict[str, float]) -> list[str]:
    """Why this model is not good enough; empty if it is."""
    least = {"map_50": spec.min_map_50, "success_gain": spec.min_success_gain}
    most = {"command_error": spec.max_command_error}
    low = [f"{n} {metrics[n]:.3f} is below its threshold {v:.3f}" for n, v in least.items() if not metrics[n] >= v]
    high = [f"{n} {metrics[n]:.3f} is above its threshold {v:.3f}" for n, v in most.items() if not metrics[n] <= v]
    return low + high
