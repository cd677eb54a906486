"""simgate safety: the limits of the monitor, and how far the base can get after the last input."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer

from simgate.cli.console import console, show_json, show_table
from simgate.cli.options import JsonOption
from simgate.cli.run import read_value
from simgate.safety.limits import ceiling
from simgate.safety.motion import WorstMotion, worst_motion
from simgate.specs.hil import HilSpec, SafetyLimits

SpecOption = Annotated[
    Path | None,
    typer.Option("--spec", help="A hil spec, or its limits alone, as YAML or JSON; default: the default limits."),
]
UNITS = {
    "_m_s": "m/s", "_rad_s": "rad/s", "_m_s2": "m/s²", "_rad_s2": "rad/s²", "_m_s3": "m/s³", "_rad_s3": "rad/s³",
    "_ms": "ms", "_m": "m", "_rad": "rad",
}  # fmt: skip
"""By the end of a name."""


def safety(spec: SpecOption = None, as_json: JsonOption = False) -> None:
    """Show the monitor's limits with their ceilings, and the worst motion after the last input that follows from them.

    The ceilings are what a number may be at most in any spec, whatever the robot; `docs/safety.md` explains both.
    """
    limits = read_limits(spec)
    worst = worst_motion(limits.envelope())
    if as_json:
        show_json({"limits": limits.model_dump(), "worst_motion": asdict(worst)})
        return
    show_table(("limit", "value", "ceiling", "unit"), list(map(_row, *zip(*limits.model_dump().items(), strict=True))))
    console().print()
    show_table(("after the last input, at most", "value", "unit"), _worst_rows(worst))


def read_limits(path: Path | None) -> SafetyLimits:
    """Return the limits of a file, which holds them alone or in a hil spec; the defaults where no file is given."""
    if path is None:
        return SafetyLimits()
    value = read_value(path)
    if isinstance(value, dict) and "bench" in value:
        return HilSpec.from_value(value, what=f"spec {path}").limits
    return SafetyLimits.from_value(value, what=f"limits {path}")


def _row(name: str, value: float) -> tuple[str, str, str, str]:
    return name, f"{value:g}", f"{ceiling(name).value:g}", _unit(name)


def _worst_rows(worst: WorstMotion) -> list[tuple[str, str, str]]:
    said = {
        "time_ms": "time until the zero command",
        "distance_m": "distance until then",
        "angle_rad": "angle until then",
        "stop_distance_m": "distance until the base stands, by its declared lag and braking",
        "stop_angle_rad": "angle until the base stands",
    }
    return [(said[field.name], f"{getattr(worst, field.name):g}", _unit(field.name)) for field in fields(worst)]


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "commands")
