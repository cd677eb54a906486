"""Evidence page: what a release manager reads above the two buttons, in Markdown, in the order of the questions.

What would it replace, what changed, how does it compare, how good is it, who looked the other way, and until when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.when import when
from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest
from simgate.core.storage.signed_link import report_of
from simgate.core.storage.store import Store
from simgate.release.candidate import CandidateEntry
from simgate.release.comparison import compare, worse_figures
from simgate.release.evidence import benches, observations
from simgate.release.policy import Policy, Role
from simgate_airflow.gate.case import Case, read_case
from simgate_airflow.gate.change import Change, read_change
from simgate_airflow.gate.figure_table import figure_table
from simgate_airflow.gate.judged import Judged, read_judged
from simgate_airflow.gate.markdown import code
from simgate_airflow.gate.softened import asked_otherwise, softenings
from simgate_airflow.run.recipes import kept_release
from simgate_airflow.ui.address import candidate_url, report_url

SHOWN_FILES = 30
SHOWN_PUSHES = 10
TITLES: Mapping[Role, str] = {
    "evaluate": "How it drives and sees",
    "hil": "On the bench",
    "export": "The engine against what was trained",
    "validate": "The dataset",
}
"""Gates in plain words; the stage's own name is in the line below."""
EMULATED = "**Bench:** ⚠ **emulated**. It shows nothing about a device."


def body(store: Store, entry: CandidateEntry, policy: Policy) -> str:
    """Write a candidate's evidence, once, when the question is asked; its links are Airflow's and do not expire."""
    case = read_case(store, policy, entry)
    parts = [
        _replaces(case),
        *_changed(case, policy, read_change(case)),
        f"### Against the live model\n\n{against(case, policy)}",
        *(part for gate in read_judged(case) for part in _gate(case, gate)),
        *_softened(case, policy),
        _bench(case),
        _waived(case),
        *_digests(case),
        f"**Until {when(case.candidate.expires_at)}**: then the candidate lapses and is quarantined. A newer candidate "
        f"supersedes it before. Check it yourself: `simgate verify {case.candidate.model}`.",
    ]
    return "\n\n".join(parts)


def _replaces(case: Case) -> str:
    candidate = case.candidate
    if case.live is None:
        return f"**Replaces nothing.** No model of {candidate.model} is live in channel {candidate.channel}: the first."
    live, entry = case.live.model, case.live.made_live
    return (
        f"**Replaces** engine {_short(live.engine)}, live in channel {candidate.channel} since **{when(live.since)}** "
        f"(ledger entry {entry.seq}, {entry.action} by {code(entry.who)}: {code(entry.why)})."
    )


def _changed(case: Case, policy: Policy, change: Change) -> Iterator[str]:
    page = candidate_url(case.candidate.model, case.candidate.channel, case.entry.digest)
    yield f"### What changed\n\n[Pictures before and after, every report]({page})"
    yield from _pushes(policy, change, page)
    yield from _files(change, page)
    if scenes := [f"{scene.name} ({scene.how})" for scene in change.scenes]:
        yield f"**Scenes:** {', '.join(scenes)}."
    if change.asked:
        yield _list(
            "Asked otherwise than of the live model", [_asked(name, was, now, "was") for name, was, now in change.asked]
        )
    if change.code:
        yield f"**Code or libraries changed** since the live model was made: {', '.join(change.code)}."
    people = sorted({*(case.why.people if case.why else ()), *case.candidate.authors})
    named = ", ".join(_named(policy, person) for person in people)
    yield f"**Authors, who may not approve:** {named or 'nobody'}."


def _pushes(policy: Policy, change: Change, page: str) -> Iterator[str]:
    if not change.pushes:
        yield "**Scenes pushed:** none since the live model was made."
        return
    lines = [
        f"{when(push.at)}, {_named(policy, push.author)}: {code(push.message)}" for push in change.pushes[:SHOWN_PUSHES]
    ]
    title = "Taken back, newest first" if change.back else "Pushed, newest first"
    yield _list(title, lines, more=len(change.pushes) - SHOWN_PUSHES, of="pushes", page=page)


def _files(change: Change, page: str) -> Iterator[str]:
    if not change.files:
        return
    counts = {how: sum(file.how == how for file in change.files) for how in ("changed", "added", "removed")}
    title = "Files: " + ", ".join(f"{count} {how}" for how, count in counts.items() if count)
    lines = [f"{file.how} {code(file.path)}" for file in change.files[:SHOWN_FILES]]
    yield _list(title, lines, more=len(change.files) - SHOWN_FILES, of="files", page=page)


def against(case: Case, policy: Policy) -> str:
    """Compare candidate and live model in the same episodes, in one line of Markdown."""
    if case.live is None:
        return "Nothing is live: there is nothing to compare with."
    if case.live.problem:
        return f"⚠ **The live model's evidence cannot be read:** {code(case.live.problem)}"
    if case.live.found["train"].content_digest == case.found["train"].content_digest:
        return "The weights are the live model's: nothing to compare."
    if "evaluate_live" not in case.found:
        return "⚠ **The live model was not evaluated beside the candidate**: promote will refuse."
    if "hil" not in case.found:
        return _figures_against(case)
    try:
        found = compare(case.store, case.found["evaluate"], case.found["evaluate_live"])
    except InputError as error:
        return f"⚠ **They cannot be compared**, and promote will refuse: {code(error)}"
    alpha = policy.channel(case.candidate.channel).not_worse_than_live.alpha
    pairs = found.won + found.lost + found.tied
    verdict = "⚠ **significantly worse: promote will refuse**" if found.p_value < alpha else "not significantly worse"
    return (
        f"The same {pairs} closed-loop episodes, driven by both: **won {found.won}, lost {found.lost}, "
        f"tied {found.tied}**. Exact McNemar test, one-sided: p = {found.p_value:.3g}; the channel refuses below "
        f"{alpha:g}: {verdict}."
    )


def _figures_against(case: Case) -> str:
    """Compare the figures of both models on the same pictures, where neither drives."""
    worse = list(worse_figures(case.store, case.found["evaluate"], case.found["evaluate_live"]))
    if worse:
        return _list("⚠ Significantly worse than live, and promote will refuse", [code(problem) for problem in worse])
    return "The same pictures, seen by both: no bounded figure's 95 % interval lies below the live model's."


def _gate(case: Case, gate: Judged) -> Iterator[str]:
    said = gate.verdict.verdict if gate.verdict else "no verdict"
    mark = "" if said == "PASS" else "⚠ "
    yield f"### {mark}{TITLES[gate.role]}: {said}\n\n{_made(gate.manifest)}{_report(case, gate)}"
    if gate.verdict and gate.verdict.reasons:
        yield _list("Why", [code(reason) for reason in gate.verdict.reasons])
    if gate.problem:
        yield f"⚠ **What bounds these figures cannot be read:** {code(gate.problem)}"
    if gate.figures:
        yield figure_table(gate.figures, has_live=case.live is not None)


def _report(case: Case, gate: Judged) -> str:
    # Of the manifest's own folder: its first output may be kept elsewhere, a shard by an earlier run.
    uri = case.candidate.evidence[gate.role].uri
    return f", [report]({report_url(uri)})" if case.store.exists(report_of(uri)) else ", no report was drawn"


def _softened(case: Case, policy: Policy) -> Iterator[str]:
    channel = policy.channel(case.candidate.channel)
    looser = [code(problem) for problem in softenings(case.store, channel, case.found)]
    recipe = case.why.recipe if case.why else None
    kept = kept_release(recipe.name) if recipe else None
    differing = asked_otherwise(recipe, kept) if recipe and kept else ()
    fields = [_asked(name, usual, now, "in its file") for name, usual, now in differing]
    yield "### Softened"
    if looser:
        yield _list("⚠ Asked less than the channel demands, and promote will refuse", looser)
    if fields:
        yield _list("Asked otherwise than the recipe's file", fields)
    if kept is None:
        yield "⚠ The recipe's file is not there, so nobody can say what was asked otherwise."
    if not (looser or fields) and kept is not None:
        yield "Nothing: no demand of the channel is missed, and the recipe is as its file has it."


def _asked(name: str, before: object, now: object, word: str) -> str:
    return f"{code(name)} is {code(now)} ({word} {code(before)})"


def _bench(case: Case) -> str:
    if "hil" not in case.found:
        return "**Bench:** none, for the model commands no robot."
    found = benches(case.store, case.found["hil"])
    return EMULATED if "emulated" in found else f"**Bench:** {code(found[0])}."


def _waived(case: Case) -> str:
    waivers = {waiver.manifest: waiver for waiver in case.state.waivers}
    seen = observations(case.store, "main", case.candidate.engine).items() if waivers else ()
    lines = []
    for folder, item in seen:
        waiver = waivers.get(sha256_hex(item.to_json())) if isinstance(item, Manifest) else None
        if waiver is not None:
            lines.append(f"⚠ a FAIL of {code(folder)}, by {code(waiver.who)}: {code(waiver.why)}")
    return _list("Waived", lines) if lines else "**Waived:** nothing."


def _digests(case: Case) -> Iterator[str]:
    candidate = case.candidate
    full = {
        "candidate": case.entry.digest, "engine": candidate.engine, "policy": candidate.policy_sha256,
        **({"live engine": case.live.model.engine} if case.live else {}),
        **{f"evidence {role}": ref.sha256 for role, ref in candidate.evidence.items()},
    }  # fmt: skip
    yield (
        f"### What is asked about\n\nCandidate {_short(case.entry.digest)} of **{candidate.model}** for "
        f"channel **{candidate.channel}**, engine {_short(candidate.engine)}, policy "
        f"{_short(candidate.policy_sha256)}; in full:"
    )
    yield "\n".join(f"- {name} `{digest}`" for name, digest in full.items())


def _short(digest: str) -> str:
    return f"`{digest[:12]}`"


def _made(manifest: Manifest) -> str:
    return f"`{manifest.stage} {manifest.run_key[:12]}`"


def _named(policy: Policy, identity: str) -> str:
    person = policy.who(identity)
    return f"{person.name} ({code(identity)})" if person else f"{code(identity)} (**nobody in the policy**)"


def _list(title: str, lines: Sequence[str], *, more: int = 0, of: str = "", page: str = "") -> str:
    """Write a titled list; it says how many items are left out, and where they are."""
    rest = [f"… and [{more} more {of}]({page})"] if more > 0 else []
    return f"**{title}:**\n\n" + "\n".join(f"- {line}" for line in (*lines, *rest))
