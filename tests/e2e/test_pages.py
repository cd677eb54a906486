"""Reports inside a real Airflow: its login, its tabs, its logs, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from simgate.plan.record import record_folder, task_lines
from simgate_airflow.run.run_record import run_name
from simgate_airflow.ui.address import report_url, run_url, task_url
from tests.e2e.airflow_client import Run, wait_for
from tests.e2e.chromium import Chromium, chromium, needs_chromium
from tests.e2e.conftest import World

pytestmark = pytest.mark.timeout(600)
TAB = "[...document.querySelectorAll('a')].find(a => a.textContent.trim() === 'Report')"
FRAME = "document.querySelector('iframe[title=Report]')"


@pytest.fixture(scope="module")
def built(world: World) -> Run:
    """The dataset run that made what was pushed; the watcher starts it."""
    admin = world.user("admin")
    before = {run.run_id for run in admin.runs("build_dataset.rooms")}
    world.push(office="for the pages")

    def judged() -> list[Run]:
        new = [run for run in admin.runs("build_dataset.rooms") if run.run_id not in before]
        return [run for run in new if run.tasks.get("validate") == "success"]

    wait_for(lambda: bool(judged()), 300, f"the dataset: {world.story()}")
    (run,) = judged()
    run.ended()
    return run


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Chromium]:
    """A browser in which the release manager is logged in."""
    user = world.user("release-manager")
    user.get("dags")
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        found.log_in(world.airflow.url, user.token)
        yield found


def report_of_validate(world: World, run: Run) -> str:
    lines = task_lines(world.store, record_folder("main", run_name(run.dag, run.run_id)))
    return report_url(next(line.ref.uri for line in lines if line.stage == "validate"))


def test_pages_ask_for_airflows_login_and_show_a_viewer_everything(world: World, built: Run) -> None:
    viewer = world.user("promoter")
    viewer.get("dags")
    urls = (
        run_url(built.dag, built.run_id),
        task_url(built.dag, built.run_id, "validate"),
        report_of_validate(world, built),
    )
    for url in urls:
        address = f"{world.airflow.url}{url}"
        nobody = httpx.get(address)
        assert nobody.status_code == 302
        assert nobody.headers["location"].startswith("/api/v2/auth/login?next=%2Fsimgate%2F")
        assert httpx.get(address, headers={"Authorization": "Bearer forged"}).status_code == 403
        shown = httpx.get(address, headers={"Authorization": f"Bearer {viewer.token}"})
        assert shown.status_code == 200, shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize("task", ["index", "generate.0", "validate"])
def test_a_stages_log_ends_with_verdict_figures_and_the_page(world: World, built: Run, task: str) -> None:
    if task == "generate.0" and "generate.0" not in built.tasks:
        task = "generate"
    log = built.last_words(task)
    page = report_of_validate(world, built) if task == "validate" else "/simgate/"
    assert f"{world.airflow.url}{page}" in log
    assert {"index": "made  scenes 3 ", "validate": "PASS  "}.get(task, "made ") in log


@needs_chromium
def test_a_run_has_a_tab_that_lists_its_reports(world: World, built: Run, browser: Chromium, tmp_path: Path) -> None:
    browser.go(f"{world.airflow.url}/dags/{built.dag}/runs/{built.run_id.replace('+', '%2B')}")
    browser.waits_for(f"{TAB} !== undefined")
    browser.value(f"{TAB}.click()")
    browser.waits_for(f"{FRAME}?.contentDocument?.body?.innerText.includes('validate')")
    browser.picture(tmp_path / "run-1400.png")
    links = browser.value(f"[...{FRAME}.contentDocument.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert report_of_validate(world, built) in links
    browser.go(browser.value("location.href"), width_px=390, height_px=844)
    browser.waits_for(f"{FRAME}?.contentDocument?.body?.innerText.includes('validate')")
    browser.picture(tmp_path / "run-390.png")


@needs_chromium
@pytest.mark.parametrize("width_px", [1400, 390])
def test_a_task_has_a_tab_that_shows_its_report_in_a_sandbox(
    world: World, built: Run, browser: Chromium, tmp_path: Path, width_px: int
) -> None:
    path = f"/dags/{built.dag}/runs/{built.run_id.replace('+', '%2B')}/tasks/validate"
    browser.go(f"{world.airflow.url}{path}", width_px=width_px)
    browser.waits_for(f"{TAB} !== undefined")
    browser.value(f"{TAB}.click()")
    inner = browser.waits_for(f"{FRAME}?.contentDocument?.querySelector('iframe')?.src")
    assert inner == f"{world.airflow.url}{report_of_validate(world, built).replace('/report/', '/file/')}/report.html"
    browser.waits_for(f"{FRAME}.contentDocument.querySelector('iframe').contentDocument === null")
    browser.picture(tmp_path / f"task-{width_px}.png")


@needs_chromium
def test_a_script_that_got_into_a_report_does_not_run(world: World, built: Run, browser: Chromium) -> None:
    address = f"{world.airflow.url}{report_of_validate(world, built).replace('/report/', '/file/')}/report.html"
    browser.go(address)
    browser.waits_for("document.title === 'small validate' && document.body.innerText.includes('files')")
    assert browser.value("self.origin") == "null"
    with pytest.raises(AssertionError):
        browser.waits_for("document.title === 'taken over'", within_s=2)


@needs_chromium
def test_a_window_without_a_login_is_sent_to_airflows(world: World, built: Run, tmp_path: Path) -> None:
    with chromium(tmp_path) as stranger:
        stranger.go(f"{world.airflow.url}{run_url(built.dag, built.run_id)}")
        stranger.waits_for("location.pathname.startsWith('/auth/')")
        assert "simgate" in stranger.value("decodeURIComponent(location.search)")
