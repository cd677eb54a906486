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
from simgate.core.identity.distribution import check_distributions, check_loaded, distributions
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


@dataclass(frozen=True)
class _Opened(Generic[S]):
    """A job that was read and checked against what is installed here."""

    job: Job
    spec: S
    parts: KeyParts
    inputs: tuple[LoadedInput, ...]


@dataclass(frozen=True)
class _Run(Generic[S]):
    """An opened job and the process that runs it; every step of its life is given this."""

    stage: Stage[S]
    opened: _Opened[S]
    store: Store
    place: str
    node: Node
    stop: Stop
    watch: Stopwatch
    events: Events


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
            opened = _open(stage, uri, store)
            ref = committed(store, opened.job, opened.parts.run_key)
        events = events.bind(run_key=opened.parts.run_key[:12])
        if ref is not None:
            events.emit("already committed", manifest=ref.uri)
            return 0
        run = _Run(stage, opened, store, place, own_node(), stop, watch, events)
        if run.node.count > 1 and stage.take_part is None:
            raise InputError(f"stage {stage.name} runs on one machine", remedy="leave SIMGATE_NODES unset")
        if run.node.rank and stage.take_part is not None:
            _take_part(stage.take_part, run)
            return 0
        # What would spoil the end of the work is looked at before its beginning.
        signer = own_signer()
        check_pins(opened.spec.environment, environment(stage.runtime_of(opened.spec)))
        stop.check()
        # No stop is raised between its started.json and this name for it: what is begun is known to whoever ends it.
        attempt = Attempt(store, opened.job, opened.parts, opened.inputs)
        manifest = _make(run, attempt, signer)
        _draw(run, manifest, attempt.folder)
        return 0
    except BaseException as error:
        code = _ended(error, attempt, events)
        if isinstance(error, KeyboardInterrupt):
            raise
        return code


def _open(stage: Stage[S], uri: str, store: Store) -> _Opened[S]:
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
    return _Opened(job, spec, key_parts(job, inputs), inputs)


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


def _make(run: _Run[S], attempt: Attempt, signer: Signer | None) -> Manifest:
    started_on = _now()
    with private_folder(run.stage.name) as folder:
        share = _share(run, folder)
        work = Work(**vars(share), outputs=attempt)
        run.stop.check()
        with nullcontext() if run.stage.polls_stop else run.stop.at_once():
            run.stage.run(work)
    manifest = _commit(run, attempt, started_on, signer)
    share.scratch.clear()
    return manifest


def _take_part(part: Callable[[Share[S]], None], run: _Run[S]) -> None:
    """Help node 0, without an attempt: what node 0 leaves is the run."""
    with private_folder(run.stage.name) as folder:
        run.stop.check()
        part(_share(run, folder))
    run.events.emit("took part", node=run.node.rank, of=run.node.count)


def _share(run: _Run[S], folder: Path) -> Share[S]:
    opened, store = run.opened, run.store
    run_key = opened.parts.run_key
    inputs, scratch = Inputs(store, opened.inputs), Scratch(store, opened.job.domain, run_key)
    return Share(
        opened.spec, opened.job, run_key, store, folder, inputs, scratch, run.stop, run.events, run.node
    )  # fmt: skip


def _commit(run: _Run[S], attempt: Attempt, started_on: str, signer: Signer | None) -> Manifest:
    opened = run.opened
    check_loaded(item.name for item in opened.job.distributions)
    found = environment(run.stage.runtime_of(opened.spec))
    observed = Observed(version=2, environment=found, cost=run.watch.cost(gpu=opened.spec.on_gpu))
    attempt.byproduct("observed.json", observed.to_json(), "application/json")
    manifest = statement(
        attempt, opened.parts, opened.inputs, place=run.place, started_on=started_on, finished_on=_now()
    )
    ref, won = attempt.commit(manifest, signer)
    if won:
        run.events.emit("committed", manifest=ref.uri, wall_s=observed.cost.wall_s)
    else:
        run.events.emit("already committed", manifest=ref.uri)
        _compare(manifest, read_manifest(attempt.store, ref), run.events)
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


def _draw(run: _Run[S], manifest: Manifest, folder: str) -> None:
    """Draw the report; the run is committed, so a page that cannot be drawn fails nothing."""
    draw = run.stage.report
    if draw is None:
        return
    try:
        run.store.put(f"{folder}/report.html", draw(Drawn(run.opened.spec, manifest, run.store)))
    except Exception as error:
        run.events.emit("report not drawn", error=repr(error), trace=traceback.format_exc(limit=5))


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
