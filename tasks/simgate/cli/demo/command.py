"""simgate demo start, simgate demo stop: what `make demo` and `make demo-stop` call."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from simgate.cli.console import console

if TYPE_CHECKING:
    from simgate.cli.demo.site import Site
    from simgate.cli.demo.story import Story
    from simgate_airflow.standalone import LocalAirflow

app = typer.Typer(no_args_is_help=True, help="The demo on this machine.")
YES = ("yes", "y", "1", "true")


@app.command()
def start(
    approve: Annotated[
        str, typer.Option("--approve", envvar="APPROVE", help="`yes`: the demo's responder answers the gate.")
    ] = "",
) -> None:
    """Start Airflow here, release a model, edit a scene, release again; leaves Airflow up where there is a terminal."""
    from simgate.cli.demo import deployment
    from simgate.cli.demo.site import this_site
    from simgate.cli.demo.story import Story
    from simgate.core.store import Store

    signal.signal(signal.SIGTERM, _interrupt)
    begun_s = time.monotonic()
    attended = sys.stdin.isatty() and sys.stdout.isatty()
    site = this_site()
    with site.alone():
        airflow = _airflow_of(site.begin(), site)
        keep = False
        try:
            story = Story(site, Store(str(site.store)), airflow, unattended=approve.lower() in YES or not attended)
            tell(story, stays=attended)
            site.finish()
            keep = attended
            console().print(f"\nit took {time.monotonic() - begun_s:.0f} s in all")
        finally:
            if not keep:
                with console().status("stopping Airflow"):
                    deployment.stop(airflow)
                console().print("Airflow is stopped")


@app.command()
def stop() -> None:
    """Stop the Airflow that a demo left running."""
    from simgate.cli.demo import deployment
    from simgate.cli.demo.site import this_site

    airflow = deployment.running(this_site())
    if airflow is None:
        console().print("no Airflow of a demo runs here")
        return
    with console().status("stopping Airflow"):
        deployment.stop(airflow)
    console().print("Airflow is stopped")


def _airflow_of(cut_short: bool, site: Site) -> LocalAirflow:
    """The demo's Airflow: the one that runs, or a new one; what a demo that was cut short left of it is dropped."""
    from simgate.cli.demo import deployment

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
    from simgate.cli.demo import deployment

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
    """Both releases and the ending."""
    from simgate.cli.demo import ending
    from simgate.cli.demo.edit import move_lamp
    from simgate.cli.demo.story import CHANNEL, MODEL

    site, store = story.site, story.store
    _heading("1. The scenes are pushed; Airflow makes a dataset and a model of them")
    site.copy_scenes()
    head = story.push("the sample scenes")
    story.release(*story.dataset(head))
    _heading("2. Somebody edits one scene; only what hangs on it is made again")
    edit = move_lamp(site.scenes, site.checkout / "scenes", head.seq)
    console().print(f"edited {edit}")
    story.release(*story.dataset(story.push(edit)))
    _heading("3. What is live, and why")
    ending.carry_over(site, store, MODEL)
    ending.show_ledger(site, MODEL)
    ending.show_lineage(site, store, MODEL, CHANNEL)
    if (live := story.live()) is not None:
        ending.show_places(site, store, live, story.airflow if stays else None)


def _heading(text: str) -> None:
    console().print(f"\n[bold cyan]{text}[/]")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
