"""When: a time as people read it, alike in the command, in Airflow and on pages."""

from __future__ import annotations

from datetime import datetime


def when(at: datetime) -> str:
    """A time as people read it, UTC to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
