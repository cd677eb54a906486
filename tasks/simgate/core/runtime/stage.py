"""The contract of a stage: a Spec goes in, a Manifest comes out, and the exit code says which end it was.

    0    committed, or already committed (verdict PASS and FAIL alike)
    1    failed; may be retried
    2    the input is wrong; never retried
    143  preempted after a checkpoint; retried, resumes

1, 2 and 143 leave failure.json; an attempt with neither manifest nor failure was killed. The promise begins with the
attempt: what ends before its started.json is written (no such job, a stop while inputs are read) leaves no folder.
A stop once the commit has begun changes nothing: the run is committed, its page drawn, and the code is 0.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic

from simgate.core.errors import InputError, Preempted, SimgateError
from simgate.core.given.inputs import Inputs
from simgate.core.given.scratch import Scratch
from simgate.core.identity.code import code_digest
from simgate.core.identity.distribution import check_distributions, distributions
from simgate.core.identity.environment import Observed, Stopwatch, check_pins, environment
from simgate.core.identity.key import KeyParts, LoadedInput, check_asked, key_parts, load_inputs
from simgate.core.identity.lock import check_installed, lock_digest
from simgate.core.identity.runtime import Runtime
from simgate.core.identity.signature import Signer, own_signer
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.events import Events
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.runtime.node import Node, own_node
from simgate.core.runtime.origin import fault_of, their_trace
from simgate.core.runtime.statement import statement
from simgate.core.runtime.stop import Stop
from simgate.core.runtime.work import Drawn, S, Share, Work, private_folder
from simgate.core.storage.damage import told
from simgate.core.storage.memo import committed
from simgate.core.storage.store import Store

PREEMPTED = 143
SEVERITY = (0, PREEMPTED, 1, 2)
"""Exit codes of a batch, mildest first: the worst one is the batch's."""


@dataclass(frozen=True)
class Stage(Generic[S]):
    """A stage: its spec, its work, its picture."""

    name: str
    spec_type: type[S]
    runtime_of: Callable[[S], Runtime]
    """Code, libraries and distributions that it needs for a spec."""
    run: Callable[[Work[S]], None]
    report: Callable[[Drawn[S]], bytes] | None = None
    polls_stop: bool = False
    """True: the stage looks at `work.stop` itself (it has checkpoints to save); False: SIGTERM ends it at once."""
    take_part: Callable[[Share[S]], None] | None = None
    """The work of the other machines of a run; None for a stage that runs on one."""


def run_batch(stage: Stage[S], job_uris: Sequence[str], store: Store, *, place: str) -> int:
    """Run every job, on after a failed one, and return the worst exit code."""
    stop = Stop()
    stop.install()
    with told(lambda line: Events(stage=stage.name).emit("damage", what=line)):
        codes = _run_all(stage, job_uris, store, stop, place)
    return max(codes, key=SEVERITY.index, default=0)


def _run_all(stage: Stage[S], job_uris: Sequence[str], store: Store, stop: Stop, place: str) -> list[int]:
    codes = []
    for number, uri in enumerate(job_uris):
        events = Events(stage=stage.name, job=uri)
        if len(job_uris) > 1:
            events.progress(number, len(job_uris), "jobs")
        codes.append(PREEMPTED if stop.requested else run_job(stage, uri, store, stop=stop, place=place, events=events))
    return codes


def run_job(stage: Stage[S], uri: str, store: Store, *, stop: Stop, place: str, events: Events) -> int:
    """Run one job to its exit code; the one place where a stage's errors are caught."""
    watch = Stopwatch.start()
    attempt: Attempt | None = None
    try:
        with stop.at_once():
            job, spec, parts, inputs = _open(stage, uri, store)
            ref = committed(store, job, parts.run_key)
        events = events.bind(run_key=parts.run_key[:12])
        if ref is not None:
            events.emit("already committed", manifest=ref.uri)
            return 0
        node = own_node()
        if node.count > 1 and stage.take_part is None:
            raise InputError(f"stage {stage.name} runs on one machine", remedy="leave SIMGATE_NODES unset")
        if node.rank and stage.take_part is not None:
            _take_part(stage.take_part, job, spec, parts, Inputs(store, inputs), store, node, stop, events)
            return 0
        # What would spoil the end of the work is looked at before its beginning.
        signer = own_signer()
        check_pins(spec.environment, environment(stage.runtime_of(spec)))
        stop.check()
        # No stop is raised between its started.json and this name for it: what is begun is known to whoever ends it.
        attempt = Attempt(store, job, parts, inputs)
        manifest = _make(stage, spec, attempt, parts, inputs, node, stop, place, watch, signer, events)
        _draw(stage, spec, manifest, attempt.folder, store, events)
        return 0
    except BaseException as error:
        code = _ended(error, attempt, events)
        if isinstance(error, KeyboardInterrupt):
            raise
        return code


def _open(stage: Stage[S], uri: str, store: Store) -> tuple[Job, S, KeyParts, tuple[LoadedInput, ...]]:
    job = read_job(store, uri)
    if job.stage != stage.name:
        raise InputError("field stage: the job is for another stage", actual=job.stage, expected=stage.name)
    # Before the spec: without them nobody knows the names that they bring.
    check_distributions(job.distributions)
    spec = stage.spec_type.from_value(job.spec, what=f"spec of {stage.name}")
    # Defaults spelled out: a spec that leaves them away has the same key.
    job = job.model_copy(update={"spec": spec.model_dump(mode="json")})
    needs = stage.runtime_of(spec)
    check_installed(*needs.extras)
    own = distributions(needs.distributions)
    check_asked(job, code=code_digest(*needs.modules), lock=lock_digest(*needs.extras), distributions=own)
    inputs = load_inputs(store, job)
    return job, spec, key_parts(job, inputs), inputs


def read_job(store: Store, uri: str) -> Job:
    """Return a job from a key of the store, or from a local file (a path that begins with / or ./)."""
    local = uri.startswith(("/", "./", "../"))
    data = _read_local(Path(uri)) if local else store.get(uri)
    return Job.from_json(data, what=f"job {uri}")


def _read_local(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read job {path}: {error.strerror}", remedy="give a readable file or a key of the store"
        ) from error


def _make(
    stage: Stage[S],
    spec: S,
    attempt: Attempt,
    parts: KeyParts,
    inputs: tuple[LoadedInput, ...],
    node: Node,
    stop: Stop,
    place: str,
    watch: Stopwatch,
    signer: Signer | None,
    events: Events,
) -> Manifest:
    started_on = _now()
    store, job = attempt.store, attempt.job
    scratch = Scratch(store, job.domain, parts.run_key)
    with private_folder(stage.name) as folder:
        work = Work(
            spec, job, parts.run_key, store, folder, Inputs(store, inputs), scratch, stop, events, node, attempt
        )  # fmt: skip
        stop.check()
        with nullcontext() if stage.polls_stop else stop.at_once():
            stage.run(work)
    manifest = _commit(stage, spec, attempt, parts, inputs, place, started_on, watch, signer, events)
    scratch.clear()
    return manifest


def _take_part(
    part: Callable[[Share[S]], None],
    job: Job,
    spec: S,
    parts: KeyParts,
    inputs: Inputs,
    store: Store,
    node: Node,
    stop: Stop,
    events: Events,
) -> None:
    """Help node 0, without an attempt: only node 0 writes a result."""
    scratch = Scratch(store, job.domain, parts.run_key)
    with private_folder(job.stage) as folder:
        stop.check()
        part(Share(spec, job, parts.run_key, store, folder, inputs, scratch, stop, events, node))
    events.emit("took part", node=node.rank, of=node.count)


def _commit(
    stage: Stage[S],
    spec: S,
    attempt: Attempt,
    parts: KeyParts,
    inputs: tuple[LoadedInput, ...],
    place: str,
    started_on: str,
    watch: Stopwatch,
    signer: Signer | None,
    events: Events,
) -> Manifest:
    gpu = attempt.job.spec.get("device") == "cuda"
    found = environment(stage.runtime_of(spec))
    observed = Observed(version=2, environment=found, cost=watch.cost(gpu=gpu))
    attempt.byproduct("observed.json", observed.to_json(), "application/json")
    manifest = statement(attempt, parts, inputs, place=place, started_on=started_on, finished_on=_now())
    ref, won = attempt.commit(manifest, signer)
    if won:
        events.emit("committed", manifest=ref.uri, wall_s=observed.cost.wall_s)
    else:
        events.emit("already committed", manifest=ref.uri)
        _compare(manifest, read_manifest(attempt.store, ref), events)
    return manifest


def _compare(ours: Manifest, theirs: Manifest, events: Events) -> None:
    """Report an error event for each output that was declared bitwise equal and differs under the same key."""
    before = {subject.name: subject for subject in theirs.subject}
    for subject in ours.subject:
        other = before.get(subject.name)
        if subject.annotations.determinism == "bitwise" and (other is None or other.digest != subject.digest):
            found = other.digest.sha256 if other else "no such output"
            events.emit(
                "error", what=f"output {subject.name} of one key differs", ours=subject.digest.sha256, theirs=found
            )


def _draw(stage: Stage[S], spec: S, manifest: Manifest, folder: str, store: Store, events: Events) -> None:
    """Draw the report; the run is committed, so a page that cannot be drawn fails nothing."""
    if stage.report is None:
        return
    try:
        store.put(f"{folder}/report.html", stage.report(Drawn(spec, manifest, store)))
    except Exception as error:
        events.emit("report not drawn", error=repr(error), trace=traceback.format_exc(limit=5))


def _ended(error: BaseException, attempt: Attempt | None, events: Events) -> int:
    trace = "" if isinstance(error, SimgateError) else traceback.format_exc()
    if (fault := fault_of(error)) is not None:
        # Where simgate called it, and whatever lies above, is nothing that its author could mend.
        trace, error = their_trace(error), fault
    code = error.exit_code if isinstance(error, SimgateError) else 1
    events.emit(
        "preempted" if isinstance(error, Preempted) else "error",
        exit_code=code,
        message=str(error) or repr(error),
        trace=trace,
    )
    if attempt is not None:
        try:
            attempt.fail(error, code)
        except SimgateError as second:
            events.emit("error", what="failure.json not written", message=str(second))
    return code


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
