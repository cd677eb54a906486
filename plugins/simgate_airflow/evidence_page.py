"""Evidence page: what a release manager reads beside the question, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simgate.core.artifact import ManifestRef
from simgate.core.attempt import read_verdict
from simgate.core.link import MAX_LINK_S, report_of
from simgate.core.manifest import Manifest, read_manifest
from simgate.core.store import Store
from simgate.plan.record import ReleaseWhy
from simgate.release.candidate import CandidateEntry
from simgate.release.policy import Policy
from simgate.specs.recipe import demo_release_recipe

METRICS_SHOWN = 12
CAUTION = "This bench is **emulated**: it shows nothing about a device."


def body(store: Store, why: ReleaseWhy, entry: CandidateEntry, policy: Policy) -> str:
    """The evidence of one candidate, gate by gate, with who may not answer and what was asked differently.

    Made once, when the question is asked; what it links to is readable until the candidate lapses, and no longer.
    """
    candidate = entry.candidate
    links = Links(store, min((candidate.expires_at - datetime.now(UTC)).total_seconds(), MAX_LINK_S))
    authors = ", ".join(_named(policy, person) for person in sorted({*why.people, *candidate.authors}))
    parts = [
        f"**Candidate** `{entry.digest}` of **{candidate.model}** for channel **{candidate.channel}**, "
        f"engine `{candidate.engine}`.",
        _replaces(why),
        f"Waits until {candidate.expires_at:%Y-%m-%d %H:%M} UTC. A newer candidate supersedes it.",
        "| evidence | verdict | figures | run |\n| --- | --- | --- | --- |\n"
        + "\n".join(_row(store, role, ref, links) for role, ref in candidate.evidence.items()),
        *links.note(),
        *_cautions(why),
        f"**Authors, who may not approve:** {authors or 'nobody'}. Policy `{candidate.policy_sha256[:12]}`.",
        f"Check it yourself: `simgate verify {candidate.model}`.",
    ]
    return "\n\n".join(parts)


def _replaces(why: ReleaseWhy) -> str:
    if why.live is None:
        return "Nothing is live in this channel."
    return f"Replaces the live engine `{why.live.export_content}`."


@dataclass(frozen=True, slots=True)
class Links:
    """Links to pages in a bucket, under the account that the store was opened with; a local folder gives none."""

    store: Store
    for_s: float

    def report(self, ref: ManifestRef) -> str:
        """` ([page](…))`, or nothing where no page was drawn."""
        key = report_of(ref.uri)
        if not self._linkable or not self.store.exists(key):
            return ""
        return f" ([page]({self.store.link(key, self.for_s)}))"

    def note(self) -> Iterator[str]:
        """How long they are good for."""
        if self._linkable:
            until = datetime.now(UTC) + timedelta(seconds=self.for_s)
            yield f"Pages can be read here until {until:%Y-%m-%d %H:%M} UTC, later by `simgate link`."

    @property
    def _linkable(self) -> bool:
        # A browser opens no file:// link out of Airflow's page.
        return self.store.url.startswith("s3://")


def _row(store: Store, role: str, ref: ManifestRef, links: Links) -> str:
    manifest = read_manifest(store, ref)
    verdict = read_verdict(store, manifest)
    said = "" if verdict is None else verdict.verdict
    figures = [] if verdict is None else [f"{name} {value:.4g}" for name, value in sorted(verdict.metrics.items())]
    return f"| {role} | {said} | {_cell(', '.join(figures[:METRICS_SHOWN]))} | `{_made(manifest)}`{links.report(ref)} |"


def _made(manifest: Manifest) -> str:
    return f"{manifest.stage} {manifest.run_key[:12]}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _cautions(why: ReleaseWhy) -> Iterator[str]:
    if why.recipe.hil.bench == "emulated":
        yield CAUTION
    usual = dict(_leaves(demo_release_recipe().model_dump(mode="json")))
    asked = dict(_leaves(why.recipe.model_dump(mode="json")))
    moved = [name for name in asked if asked[name] != usual.get(name)]
    if moved:
        yield "**Asked differently from the default recipe:** " + "; ".join(
            f"`{name}` is {code(asked[name])} (default {code(usual.get(name))})" for name in moved
        )


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every plain value of a JSON document under its dotted name."""
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from _leaves(inner, f"{path}.{name}" if path else name)


def _named(policy: Policy, identity: str) -> str:
    person = policy.who(identity)
    return f"{person.name} ({code(identity)})" if person else f"{code(identity)} (**nobody in the policy**)"


def code(text: object) -> str:
    """Words that somebody else chose (an author, a recipe) as code: within it Airflow's page makes no link of any."""
    words = " ".join(str(text).replace("`", "'").split())
    return f"`{words or ' '}`"
