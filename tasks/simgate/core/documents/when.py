"""Times as text: the command, Airflow and pages show them in one form."""

from __future__ import annotations

from datetime import UTC, datetime


def when(at: datetime | str) -> str:
    """Write a time as text, UTC to the second; text that is no time is returned unchanged."""
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError:
        return str(at)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
