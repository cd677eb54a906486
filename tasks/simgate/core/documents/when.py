"""When: a time as people read it, alike in the command, in Airflow and on pages."""

from __future__ import annotations

from datetime import UTC, datetime


def when(at: datetime | str) -> str:
    """A time as people read it, UTC to the second; text that is no time stays as it is."""
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError:
        return str(at)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
