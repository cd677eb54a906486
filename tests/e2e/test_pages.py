"""Reports inside a real Airflow: its login, its tabs, its logs, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from simgate_airflow.ui.address import report_url, run_url, task_url
from tests.e2e.airflow_client import Run
from tests.e2e.chromium import Chromium, chromium, needs_chromium
from tests.e2e.conftest import World

pytestmark = pytest.mark.timeout(600)
TAB = "[...document.querySelectorAll('a')].find(a => a.textContent.trim() === 'Report')"
FRAME = "document.querySelector('iframe[title=Report]')"


@pytest.fixture(scope="module")
def built(world: World) -> Run:
    """A dataset run that came to its end."""
    world.push(office="for the pages")
    run = world.user("engineer").trigger("build_dataset")
    run.ended()
    assert run.tasks["validate"] == "success", run.failures()
    return run


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Chromium]:
    """A browser in which the release manager is logged in."""
    user = world.user("release-manager")
    user.get("dags")
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        found.log_in(world.airflow.url, user.token)
        yield found


def report_of_validate(world: World) -> str:
    manifest = next(key for key in world.store.keys("runs/main/validate") if key.endswith("/manifest.json"))
    return report_url(manifest)


def test_pages_ask_for_airflows_login_and_show_a_viewer_everything(world: World, built: Run):
    viewer = world.user("promoter")
    viewer.get("dags")
    urls = (run_url(built.dag, built.run_id), task_url(built.dag, built.run_id, "validate"), report_of_validate(world))
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
def test_a_stages_log_ends_with_verdict_figures_and_the_page(world: World, built: Run, task: str):
    if task == "generate.0" and "generate.0" not in built.tasks:
        task = "generate"
    log = built.last_words(task)
    page = report_of_validate(world) if task == "validate" else "/simgate/"
    assert f"{world.airflow.url}{page}" in log
    assert {"index": "made  scenes 3 ", "validate": "PASS  scenes 3"}.get(task, "made ") in log


@needs_chromium
def test_a_run_has_a_tab_that_lists_its_reports(world: World, built: Run, browser: Chromium, tmp_path):
    browser.go(f"{world.airflow.url}/dags/{built.dag}/runs/{built.run_id.replace('+', '%2B')}")
    browser.waits_for(f"{TAB} !== undefined")
    browser.value(f"{TAB}.click()")
    browser.waits_for(f"{FRAME}?.contentDocument?.body?.innerText.includes('validate')")
    browser.picture(tmp_path / "run-1400.png")
    links = browser.value(f"[...{FRAME}.contentDocument.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert report_of_validate(world) in links
    browser.go(browser.value("location.href"), width_px=390, height_px=844)
    browser.waits_for(f"{FRAME}?.contentDocument?.body?.innerText.includes('validate')")
    browser.picture(tmp_path / "run-390.png")


@needs_chromium
@pytest.mark.parametrize("width_px", [1400, 390])
def test_a_task_has_a_tab_that_shows_its_report_in_a_sandbox(
    world: World, built: Run, browser: Chromium, tmp_path, width_px: int
):
    path = f"/dags/{built.dag}/runs/{built.run_id.replace('+', '%2B')}/tasks/validate"
    browser.go(f"{world.airflow.url}{path}", width_px=width_px)
    browser.waits_for(f"{TAB} !== undefined")
    browser.value(f"{TAB}.click()")
    inner = browser.waits_for(f"{FRAME}?.contentDocument?.querySelector('iframe')?.src")
    assert inner == f"{world.airflow.url}{report_of_validate(world).replace('/report/', '/file/')}/report.html"
    browser.waits_for(f"{FRAME}.contentDocument.querySelector('iframe').contentDocument === null")
    browser.picture(tmp_path / f"task-{width_px}.png")


@needs_chromium
def test_a_script_that_got_into_a_report_does_not_run(world: World, built: Run, browser: Chromium):
    address = f"{world.airflow.url}{report_of_validate(world).replace('/report/', '/file/')}/report.html"
    browser.go(address)
    browser.waits_for("document.title === 'small validate' && document.body.innerText.includes('files')")
    assert browser.value("self.origin") == "null"
    with pytest.raises(AssertionError):
        browser.waits_for("document.title === 'taken over'", within_s=2)


@needs_chromium
def test_a_window_without_a_login_is_sent_to_airflows(world: World, built: Run, tmp_path):
    with chromium(tmp_path) as stranger:
        stranger.go(f"{world.airflow.url}{run_url(built.dag, built.run_id)}")
        stranger.waits_for("location.pathname.startsWith('/auth/')")
        assert "simgate" in stranger.value("decodeURIComponent(location.search)")
