"""Commands `start` and `stop`: what `make demo` and `make demo-stop` call."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from simgate.cli.console import console
from simgate.core.errors import InputError, SimgateError
from simgate.release.approval import APPROVE, REJECT

if TYPE_CHECKING:
    from examples.demo.terminal.site import Site
    from examples.demo.terminal.story import Release, Story
    from simgate_airflow.local.standalone import LocalAirflow

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="The demo on this machine."
)
ANSWERS = {"": "", "yes": APPROVE, "y": APPROVE, "1": APPROVE, "true": APPROVE, "no": REJECT, "n": REJECT, "0": REJECT}


@app.command()
def start(
    approve: Annotated[
        str,
        typer.Option("--approve", envvar="APPROVE", help="`yes` or `no`: the demo's responder approves or rejects."),
    ] = "",
) -> None:
    """Start Airflow here, release a model, edit a scene, release again; leaves Airflow up where there is a terminal.

    Exit codes: 0 a model was approved or rejected, either is a good end; 1 a run failed or nobody decided in time;
    130 Ctrl-C.
    """
    from examples.demo.terminal.site import this_site

    signal.signal(signal.SIGTERM, _interrupt)
    attended = sys.stdin.isatty() and sys.stdout.isatty()
    answer, site = answer_of(approve, attended=attended), this_site()
    try:
        with site.alone():
            _run(site, answer, attended=attended)
    except KeyboardInterrupt:
        console().print("interrupted; the next demo reuses what is made and goes on from here")
        raise


def _run(site: Site, answer: str, *, attended: bool) -> None:
    from examples.demo.terminal.story import Story
    from simgate.core.storage.store import Store

    begun_s = time.monotonic()
    airflow = _airflow_of(site.begin(), site)
    keep = False
    try:
        tell(Story(site, Store(str(site.store)), airflow, answer), stays=attended)
        site.finish()
        keep = attended
        console().print(f"\nit took {time.monotonic() - begun_s:.0f} s in all")
    except SimgateError:
        # Whoever wants to know why looks into Airflow.
        keep = attended
        raise
    finally:
        _leave(airflow, keep=keep)


def answer_of(approve: str, *, attended: bool) -> str:
    """Return the responder's answer; empty where a person answers."""
    if approve.lower() not in ANSWERS:
        raise InputError("APPROVE is unclear", actual=approve, expected="yes, no, or nothing: a person answers")
    return ANSWERS[approve.lower()] or ("" if attended else APPROVE)


def _leave(airflow: LocalAirflow, *, keep: bool) -> None:
    from examples.demo.terminal import deployment

    if keep:
        login = f"user {deployment.APPROVER}, password {airflow.password(deployment.APPROVER)}"
        console().print(f"Airflow stays up at [bold]{airflow.url}[/] ({login}) until `make demo-stop`")
        return
    with console().status("stopping Airflow"):
        deployment.stop(airflow)
    console().print("Airflow is stopped")


@app.command()
def stop() -> None:
    """Stop the Airflow that a demo left running."""
    from examples.demo.terminal import deployment
    from examples.demo.terminal.site import this_site

    airflow = deployment.running(this_site())
    if airflow is None:
        console().print("no Airflow of a demo runs here")
        return
    with console().status("stopping Airflow"):
        deployment.stop(airflow)
    console().print("Airflow is stopped")


def _airflow_of(cut_short: bool, site: Site) -> LocalAirflow:
    """Return the demo's Airflow: the running one, or a new one without the rest of a demo that was cut short."""
    from examples.demo.terminal import deployment

    found = deployment.running(site)
    if found is not None and not cut_short:
        console().print(f"Airflow runs already at {found.url}")
        return found
    if found is not None:
        deployment.stop(found)
    if cut_short:
        deployment.forget(site)
    return _launch(site)


def _launch(site: Site) -> LocalAirflow:
    from examples.demo.terminal import deployment

    out, told = console(), set[str]()
    with out.status("starting Airflow") as status:

        def say(line: str) -> None:
            status.update(line)
            if not out.is_terminal and line.startswith("waiting") and line not in told:
                told.add(line)
                out.print(f"  {line}")

        begun_s = time.monotonic()
        airflow = deployment.launch(site, say)
    out.print(f"Airflow is up at [bold]{airflow.url}[/] after {time.monotonic() - begun_s:.0f} s")
    return airflow


def tell(story: Story, *, stays: bool) -> None:
    """Run both releases and show the ending; after a rejected model the second is not run."""
    from examples.demo.terminal.edit import move_lamp

    site = story.site
    _heading("1. The scenes are pushed; Airflow makes a dataset and a model of them")
    site.copy_scenes()
    edit, head = "The sample scenes were pushed", story.push("the sample scenes")
    release = story.release(story.dataset(head))
    if release is None or release.decision is None or not release.decision.is_rejected:
        _heading("2. Somebody edits one scene; only the results that depend on it are made again")
        edit = move_lamp(site.scenes, site.samples, head.seq)
        console().print(edit)
        release = story.release(story.dataset(story.push(edit)))
    _heading("3. The result, and why")
    _end(story, edit, release, stays=stays)


def _end(story: Story, edit: str, release: Release | None, *, stays: bool) -> None:
    from examples.demo.terminal import ending

    ending.show_ledger(story)
    if release is None:
        console().print("\nAll of it was made and decided before: nothing is new.")
        return
    if release.decision is not None and release.decision.is_live:
        ending.show_lineage(story)
        ending.carry_over(story)
    ending.show_sentences(story, edit, release)
    ending.show_places(story, release, stays=stays)
    ending.show_next(release, stays=stays)


def _heading(text: str) -> None:
    console().print(f"\n[bold cyan]{text}[/]")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
