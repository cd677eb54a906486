"""Tables: what a bench prints and writes to bench/<name>.json."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parents[2] / "bench"


def publish(name: str, rows: Sequence[Mapping[str, object]], *, note: str) -> None:
    """Print the rows as a table and keep them as JSON."""
    table = Table(title=name, caption=note)
    for column in rows[0]:
        table.add_column(column, justify="right" if column != "what" else "left")
    for row in rows:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console(width=140).print(table)
    FOLDER.mkdir(exist_ok=True)
    document = {
        "bench": name,
        "at": datetime.now(UTC).isoformat(),
        "machine": platform.platform(),
        "note": note,
        "rows": list(rows),
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


def middle(values: Sequence[float]) -> float:
    """The median: machines are noisy."""
    return float(median(values))
