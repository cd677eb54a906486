"""A candidate for the demo's channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from simgate.release.candidate import Candidate, CandidateEntry

NOW = datetime(2026, 11, 30, 20, 53, 6, tzinfo=UTC)
CANDIDATE = CandidateEntry(
    Candidate(
        model="navigator", channel="demo", engine="e" * 64, evidence={}, policy_sha256="b" * 64, replaces="",
        expires_at=datetime.now(UTC) + timedelta(hours=1), nonce="0" * 32,
        run_record="plans/main/release_model.navigator-1", authors=(), observations={},
    ),
    1, NOW, "c0ffee" + "0" * 58,
)  # fmt: skip
