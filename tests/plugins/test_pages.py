"""Pages inside Airflow: who reads them, what a browser may do with them, and that nothing else of the store is read."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote

import pytest
from airflow import models, settings
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.common.db.common import _get_session
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.base import Base
from airflow.sdk import Context
from fastapi import FastAPI
from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from simgate.cli import store_copy, store_key
from simgate.cli.store_server import Server
from simgate.core.documents.when import when
from simgate.core.errors import InputError
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.signed_link import REPORT_NAME
from simgate.core.storage.store import Store
from simgate.plan.jobs import slots, write_jobs
from simgate.plan.record import ReleaseWhy, TaskLine, record_task, task_lines
from simgate.release.approval import REJECT, GateRecord
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.policy import Policy
from simgate.release.promote import promote
from simgate.release.settle import settle
from simgate_airflow.gate.figures import figures
from simgate_airflow.run import dataset_run, release_run, run_record
from simgate_airflow.settings import settings as wired
from simgate_airflow.ui import kept_file, run_results
from simgate_airflow.ui.address import candidate_url, file_url, report_url, run_url, task_url
from simgate_airflow.ui.app import make_app
from simgate_airflow.ui.kept_attempt import KeptAttempt
from simgate_airflow.ui.page import count
from tests.plugins.test_runs import built, context, make, push
from tests.plugins.wire import Wire
from tests.release_chain import answer
from tests.servers.minio import MinioServer

DATASET_RUN = ("build_dataset.rooms", "manual__2026-01-01T00:00:00+00:00")
RELEASE_RUN = ("release_model.navigator", "manual__1")
SECRET = b"nobody who reads pages may read this"
NOBODY, VIEWER = SimpleAuthManagerUser(username="n", role=None), SimpleAuthManagerUser(username="v", role="viewer")
FILE_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "style-src 'unsafe-inline'; img-src data:; sandbox"
)


@dataclass
class Desk:
    """The app over a store in which both pipelines ran, and who sits before it."""

    store: Store
    client: TestClient
    users: dict[Callable[..., object], Callable[..., object]]
    conf: dict[str, object]

    def sits(self, user: SimpleAuthManagerUser | None) -> None:
        self.users.pop(get_user, None)
        if user is not None:
            self.users[get_user] = lambda: user

    def manifest(self, stage: str, domain: str = "main") -> str:
        return next(key for key in self.store.keys(f"runs/{domain}/{stage}") if key.endswith("/manifest.json"))

    def status(self, url: str) -> int:
        return self.client.get(url).status_code


class Rows:
    """Airflow's database, as far as pages ask it: the conf of a DAG run."""

    def __init__(self, conf: dict[str, object]) -> None:
        self.conf = conf

    def scalar(self, _query: object) -> dict[str, object]:
        return self.conf


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with a dataset run, a release run with its candidate, and a secret beside the runs."""
    from simgate_airflow.settings import settings as wired

    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMGATE_STORE", str(folder / "store"))
        patch.setenv("SIMGATE_POLICY", str(_policy(folder)))
        wired.cache_clear()
        store = Store(str(folder / "store"))
        dataset = built(store, folder / "scenes", DATASET_RUN[1])
        _record(store, dataset, {"index": "index", "generate": "generate.1", "validate": "validate"})
        dataset_run.publish(dataset)
        release = context(*RELEASE_RUN, kind="manual", who="engineer")
        release_run.plan(release)
        make(store, release, "train", "evaluate", "export", "hil")
        _record(store, release, {"train": "train", "evaluate": "evaluate_candidate", "export": "export", "hil": "hil"})
        release_run.propose_candidate(release)
        store.put("secret.json", SECRET)
        yield folder
    wired.cache_clear()


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The app with Airflow's own authorization, and a database for it."""
    models.import_all_models()
    settings.configure_orm()
    Base.metadata.create_all(settings.engine)
    create_auth_manager()
    return make_app()


@pytest.fixture
def desk(made: Path, app: FastAPI, tmp_path: Path, wire: Wire) -> Iterator[Desk]:
    """A copy of the store for each test; a viewer sits before it."""
    shutil.copytree(made / "store", tmp_path / "store")
    wire({"SIMGATE_STORE": str(tmp_path / "store")})
    conf: dict[str, object] = {}
    app.dependency_overrides[_get_session] = lambda: Rows(conf)
    airflow = FastAPI()
    airflow.mount("/simgate", app)
    client = TestClient(airflow, follow_redirects=False, raise_server_exceptions=False)
    found = Desk(Store(str(tmp_path / "store")), client, app.dependency_overrides, conf)
    found.sits(VIEWER)
    yield found
    found.sits(None)


def _policy(folder: Path) -> Path:
    import yaml

    from tests.e2e.conftest import POLICY

    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    return folder / "policy.yaml"


def _record(store: Store, run: Context, tasks: dict[str, str]) -> None:
    """What the operators write: a line a slot, under the task's name."""
    from simgate.plan.jobs import all_of

    folder = run_record.folder_of(run)
    for stage, task in tasks.items():
        found = slots(store, folder, stage)
        refs = all_of(store, found)
        made_lines = [TaskLine(slot=slot.name, ref=ref, outcome="made") for slot, ref in zip(found, refs, strict=True)]
        record_task(store, folder, task, made_lines)


def every_page(desk: Desk) -> list[str]:
    """An address of each route."""
    entry = candidates(desk.store, "navigator", "demo").newest()
    assert entry is not None
    return [
        run_url(*DATASET_RUN),
        task_url(*DATASET_RUN, "validate"),
        report_url(desk.manifest("validate")),
        file_url(desk.manifest("validate"), REPORT_NAME),
        candidate_url("navigator", "demo", entry.digest),
    ]


def test_every_route_has_an_address_in_the_tests_of_who_may_read(desk: Desk, app: FastAPI) -> None:
    routes = {cast("Route", route).path.split("/")[1] for route in app.routes}
    assert routes == {url.split("/")[2] for url in every_page(desk)}


def test_without_a_login_no_page_is_shown_and_a_window_is_sent_to_airflows_own(desk: Desk) -> None:
    desk.sits(None)
    for url in every_page(desk):
        answer = desk.client.get(url)
        assert answer.status_code == 302
        assert answer.headers["location"] == f"/api/v2/auth/login?next={quote(unquote(url), safe='')}"
        framed = desk.client.get(url, headers={"Sec-Fetch-Dest": "iframe"})
        assert framed.status_code == 401
        assert "navigator" not in framed.text


def test_a_login_that_may_not_read_the_dag_gets_403_and_a_viewer_the_page(desk: Desk) -> None:
    for url in every_page(desk):
        desk.sits(NOBODY)
        assert desk.status(url) == 403
        desk.sits(VIEWER)
        assert desk.status(url) == 200


def test_what_no_dag_run_of_its_own_domain_made_is_refused(desk: Desk) -> None:
    folder = run_record.folder_of(context(*DATASET_RUN))
    why = desk.store.get(f"{folder}/why.json")
    Path(desk.store.url, folder, "why.json").write_bytes(why.replace(b'"build_dataset.rooms/', b'"by-hand-'))
    for url in every_page(desk)[2:4]:
        answer = desk.client.get(url)
        assert answer.status_code == 403
        assert "made outside Airflow" in answer.text


def test_a_pull_requests_attempt_cannot_borrow_the_readers_of_mains_run(desk: Desk) -> None:
    manifest = desk.manifest("validate")
    key, attempt = manifest.split("/")[3:5]
    started = desk.store.get(f"{manifest.rpartition('/')[0]}/started.json")
    desk.store.put(f"runs/pr-7/validate/{key}/{attempt}/started.json", started)
    assert desk.status(report_url(f"runs/pr-7/validate/{key}/{attempt}/x")) == 403


def test_a_manifest_that_lies_in_anothers_place_is_not_shown(desk: Desk) -> None:
    manifest = desk.manifest("validate")
    key, attempt = manifest.split("/")[3:5]
    desk.store.put(f"runs/main/hil/{key}/{attempt}/manifest.json", desk.store.get(manifest))
    answer = desk.client.get(report_url(f"runs/main/hil/{key}/{attempt}/manifest.json"))
    assert answer.status_code == 502
    assert "another&#x27;s" in answer.text


NAMES = st.text(st.sampled_from("./\\%2eEfF0c5\x00 ~a:?#;ä"), max_size=24) | st.lists(
    st.sampled_from(["..", ".", "%2e%2e", "%252e%252e", "..%2f", "secret.json", "verdict.json", "", "\\..", "a.json"]),
    max_size=8,
).map("/".join)  # fmt: skip


ENCODINGS: tuple[Callable[[str], str], ...] = (
    str,
    quote,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text)),
)


@budget(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, encode=st.sampled_from(ENCODINGS))
@example(name="../../../../../secret.json", encode=str)
@example(name="../../../../../secret.json", encode=ENCODINGS[2])
@example(name="%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret.json", encode=str)
@example(name="..%5c..%5csecret.json", encode=str)
@example(name="/etc/passwd", encode=str)
@example(name="report.html%00.png", encode=str)
@example(name="./verdict.json", encode=str)
@example(name="../../../../../../etc/passwd", encode=str)
def test_no_name_leads_out_of_the_attempts_folder(desk: Desk, name: str, encode: Callable[[str], str]) -> None:
    folder = desk.manifest("validate").rpartition("/")[0]
    status, body = sent_as_it_is(desk, file_url(f"{folder}/manifest.json", "x")[:-1] + encode(name))
    assert SECRET not in body
    if status == 200:
        files = (path for path in Path(desk.store.url, folder).rglob("*") if path.is_file())
        assert body in {path.read_bytes() for path in files}
    else:
        assert status in (302, 307, 404)


def sent_as_it_is(desk: Desk, target: str) -> tuple[int, bytes]:
    """Status and body of a request whose path no client made tidy first."""
    said: list[MutableMapping[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        if not asked:
            await asyncio.Event().wait()  # the client stays
        return asked.pop()

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    async def sent() -> None:
        await desk.client.app(scope, receive, send)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote(target), "raw_path": target.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"airflow")], "server": ("airflow", 80), "client": ("127.0.0.1", 1), "state": {},
    }  # fmt: skip
    asyncio.run(sent())
    return said[0]["status"], b"".join(message.get("body", b"") for message in said[1:])


def test_no_part_of_an_attempts_address_leads_elsewhere(desk: Desk) -> None:
    domain, stage, key, attempt = desk.manifest("validate").split("/")[1:5]
    for bad in ("..", ".", "%2e%2e", "..%2f..", "%252e%252e", "", "main%00", "a" * 64, "*", "pr-0", "main%2fvalidate"):
        for parts in ((bad, stage, key, attempt), (domain, bad, key, attempt), (domain, stage, bad, attempt)):
            assert desk.status(f"/simgate/file/{'/'.join(parts)}/report.html") in (404, 307)
        assert desk.status(f"/simgate/file/{domain}/{stage}/{key}/{bad}/report.html") in (404, 307)


def test_a_file_that_is_a_link_is_not_read_nor_one_in_a_folder_that_is(desk: Desk, tmp_path: Path) -> None:
    manifest = desk.manifest("validate")
    page = Path(desk.store.url, manifest).with_name(REPORT_NAME)
    page.unlink()
    page.symlink_to(Path(desk.store.url, "secret.json"))
    assert desk.status(file_url(manifest, REPORT_NAME)) in (404, 502)
    splits = page.with_name("splits")
    splits.rename(tmp_path / "elsewhere")
    splits.symlink_to(tmp_path / "elsewhere")
    assert desk.status(file_url(manifest, "splits/train.json")) in (404, 502)
    whole = page.parent
    whole.rename(tmp_path / "whole")
    whole.symlink_to(tmp_path / "whole")
    assert desk.status(report_url(manifest)) in (404, 502)


def test_what_lies_in_the_folder_and_in_no_manifest_is_not_read(desk: Desk) -> None:
    manifest = desk.manifest("validate")
    desk.store.put(f"{manifest.rpartition('/')[0]}/planted.html", SECRET)
    assert desk.status(file_url(manifest, "planted.html")) == 404


def test_a_manifest_that_keeps_a_file_elsewhere_opens_nothing_there(desk: Desk) -> None:
    manifest = desk.manifest("validate")
    folder = manifest.rpartition("/")[0]
    text = desk.store.get(manifest).replace(f'"{folder}/verdict.json"'.encode(), b'"secret.json"')
    Path(desk.store.url, manifest).write_bytes(text)
    assert desk.status(file_url(manifest, "verdict.json")) == 404


def test_a_damaged_file_is_told_and_not_shown(desk: Desk) -> None:
    manifest = desk.manifest("validate")
    Path(desk.store.url, manifest).with_name("verdict.json").write_bytes(SECRET)
    answer = desk.client.get(file_url(manifest, "verdict.json"))
    assert answer.status_code == 502
    assert SECRET not in answer.content
    assert "damaged" in answer.text


def test_a_report_is_shown_in_a_sandbox_that_loads_and_runs_nothing(desk: Desk) -> None:
    answer = desk.client.get(file_url(desk.manifest("validate"), REPORT_NAME))
    assert answer.headers["content-security-policy"] == FILE_POLICY
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("verdict.json", "application/json"), ("splits/train.json", "application/json"), ("shard.tar", ""),
        ("model.safetensors", ""), ("engine/model.onnx", ""),
    ],
)  # fmt: skip
def test_a_browser_is_shown_what_is_on_the_list_and_saves_everything_else(desk: Desk, name: str, kind: str) -> None:
    stage = {"shard.tar": "generate", "model.safetensors": "train", "engine/model.onnx": "export"}.get(name, "validate")
    answer = desk.client.get(file_url(desk.manifest(stage), name))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == (kind or "application/octet-stream")
    saved_as = name.rpartition("/")[2]
    assert answer.headers.get("content-disposition", "") == ("" if kind else f'attachment; filename="{saved_as}"')
    assert answer.headers["content-security-policy"] == FILE_POLICY


def test_our_own_pages_have_no_script_and_one_style_sheet_by_its_hash(desk: Desk) -> None:
    for url in (url for url in every_page(desk) if "/file/" not in url):
        answer = desk.client.get(url)
        policy = answer.headers["content-security-policy"]
        pictures = " data:" if "/candidate/" in url else ""
        assert re.fullmatch(
            r"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
            rf"style-src 'sha256-[A-Za-z0-9+/]{{43}}='; img-src 'self'{pictures}; frame-src 'self'", policy
        )  # fmt: skip
        assert "<script" not in answer.text
        assert " style=" not in answer.text


def test_a_file_beyond_the_bound_is_refused_and_a_large_one_comes_in_pieces(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = desk.manifest("validate")
    page = Path(desk.store.url, manifest).with_name(REPORT_NAME)
    with page.open("wb") as file:
        file.truncate(100_000_000)
    found = kept_file.kept_file(_read(manifest), REPORT_NAME)
    sizes = [len(chunk) for chunk in _chunks(found)]
    assert sum(sizes) == 100_000_000
    assert max(sizes) <= 8 * 1024 * 1024
    monkeypatch.setattr(kept_file, "MAX_FILE_BYTES", 99_999_999)
    assert desk.status(file_url(manifest, REPORT_NAME)) == 413


def test_only_so_many_files_are_under_way_and_each_place_is_given_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_file, "PATIENCE_S", 0.0)
    manifest = desk.manifest("validate")
    url = file_url(manifest, REPORT_NAME)
    begun = [kept_file.kept_file(_read(manifest), REPORT_NAME) for _ in range(kept_file.STREAMS)]
    busy = desk.client.get(url)
    assert (busy.status_code, busy.headers.get("retry-after")) == (503, "2")
    begun.clear()  # every reader left before the first byte
    for _ in range(kept_file.STREAMS + 1):
        assert desk.status(url) == 200
        assert desk.status(file_url(manifest, "splits/nothing.json")) == 404
    Path(desk.store.url, manifest).with_name("verdict.json").write_bytes(b"damaged")
    for _ in range(kept_file.STREAMS + 1):
        assert desk.status(file_url(manifest, "verdict.json")) == 502


def _read(manifest: str) -> KeptAttempt:
    from simgate_airflow.ui.attempt_place import place_of
    from simgate_airflow.ui.kept_attempt import read_attempt

    return read_attempt(place_of(manifest))


def _chunks(response: Response) -> Iterator[str | bytes | memoryview]:
    assert isinstance(response, StreamingResponse)

    async def all_of() -> list[str | bytes | memoryview]:
        return [chunk async for chunk in response.body_iterator]

    return iter(asyncio.run(all_of()))


def test_a_runs_page_lists_its_stages_with_verdict_two_figures_and_the_report(desk: Desk) -> None:
    text = desk.client.get(run_url(*RELEASE_RUN)).text
    for stage in ("train", "evaluate", "export", "hil"):
        assert f'href="{report_url(desk.manifest(stage))}"' in text
    assert "map_50 0.5" in text
    assert "✓ PASS" in text
    assert "The evidence of candidate" in text


def test_each_stage_has_two_figures_and_a_document_that_is_none_has_none(desk: Desk) -> None:
    text = desk.client.get(run_url(*DATASET_RUN)).text
    assert re.search(r"scenes 3 · episodes \d+", text)
    assert re.search(r"frames [\d,]+ · MB ", text)
    folder = run_record.folder_of(context(*DATASET_RUN))
    line = next(line for line in task_lines(desk.store, folder) if line.stage == "index")
    manifest = read_manifest(desk.store, line.ref)
    predicate = manifest.predicate.build_definition
    for spec in ({}, {"scenes": "office"}, {"scenes": [{"episodes": "many"}]}, {"scenes": None}):
        asked = predicate.external_parameters.model_copy(update={"spec": spec})
        changed = predicate.model_copy(update={"external_parameters": asked})
        outer = manifest.predicate.model_copy(update={"build_definition": changed})
        assert figures(desk.store, manifest.model_copy(update={"predicate": outer}), None) == ()


def test_a_task_with_one_result_shows_its_report_and_a_mapped_one_lists_them(desk: Desk) -> None:
    one = desk.client.get(task_url(*DATASET_RUN, "validate")).text
    assert f'<iframe src="{file_url(desk.manifest("validate"), REPORT_NAME)}"' in one
    assert " sandbox></iframe>" in one
    folder = run_record.folder_of(context(*DATASET_RUN))
    shards = [line for line in task_lines(desk.store, folder) if line.stage == "generate"]
    for url in (
        task_url(*DATASET_RUN, "generate", 1),
        task_url(*DATASET_RUN, "generate").replace("/-1", "/%7BMAP_INDEX%7D"),
    ):
        many = desk.client.get(url).text
        assert all(f'href="{report_url(line.ref.uri)}"' in many for line in shards)
    assert "made nothing yet" in desk.client.get(task_url(*DATASET_RUN, "generate", 0)).text
    assert "runs no stage" in desk.client.get(task_url(*DATASET_RUN, "publish")).text


def test_a_stage_without_a_report_shows_its_files(desk: Desk) -> None:
    text = desk.client.get(task_url(*DATASET_RUN, "index")).text
    assert "drew no report" in text
    assert f'href="{file_url(desk.manifest("index"), "shards.json")}"' in text


def test_pages_of_a_bucket_are_read_with_the_readers_key_and_no_other(
    desk: Desk, minio: MinioServer, tmp_path: Path, wire: Wire
) -> None:
    urls, manifest = every_page(desk), desk.manifest("validate")
    minio.client().make_bucket("tabs")
    server, keys = Server("tabs", "store", minio.keys), tmp_path / "keys"
    store_key.make_keys(server, ["reader"], "main", keys, rotate=False, public_endpoint="")
    store_copy.copy(desk.store, Store(server.url, server.keys), check=False, tell=lambda _: None)
    wire({"SIMGATE_STORE": server.url, "SIMGATE_KEYS": str(keys)})
    assert [path.name for path in keys.iterdir() if path.is_dir()] == ["reader"]
    assert [desk.status(url) for url in urls] == [200] * len(urls)
    shown = desk.client.get(file_url(manifest, "splits/train.json"))
    assert shown.content == desk.store.get(f"{manifest.rpartition('/')[0]}/splits/train.json")


def test_a_run_that_never_planned_says_so(desk: Desk) -> None:
    for url in (run_url("build_dataset.rooms", "manual__9"), task_url("build_dataset.rooms", "manual__9", "index")):
        answer = desk.client.get(url)
        assert answer.status_code == 200
        assert "no plan yet" in answer.text


def test_a_failed_attempt_shows_its_message_and_its_log(desk: Desk, tmp_path: Path) -> None:
    run, job = _begun(desk, tmp_path, "manual__failed")
    attempt = _attempt(desk.store, job)
    desk.store.put(f"{attempt.folder}/device.log", b"<b>the device's last words</b>")
    url = task_url(*run, "index")
    running = desk.client.get(url).text
    assert "runs still, or it was killed" in running
    attempt.fail(InputError("scene <script>alert(1)</script> is broken"), 2)
    text = desk.client.get(url).text
    assert "InputError, exit code 2" in text
    assert "scene &lt;script&gt;alert(1)&lt;/script&gt; is broken" in text
    assert "not committed" in desk.client.get(run_url(*run)).text
    log = desk.client.get(file_url(f"{attempt.folder}/started.json", "device.log"))
    assert log.status_code == 200, log.text
    assert log.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_pull_requests_run_is_found_in_its_own_domain(desk: Desk) -> None:
    desk.conf["pull_request"] = 7
    assert "no plan yet" in desk.client.get(run_url(*DATASET_RUN)).text
    desk.conf["pull_request"] = "7/../main"
    assert desk.status(run_url(*DATASET_RUN)) == 200


def test_words_that_others_chose_stay_words(desk: Desk) -> None:
    folder = run_record.folder_of(context(*DATASET_RUN))
    line = next(line for line in task_lines(desk.store, folder) if line.stage == "validate")
    shard = {"scene": "<img src=x onerror=alert(1)>", "first_episode": 0, "episodes": 1}
    hostile = {"stage": "validate", "shard": shard}
    value = {"version": 1, "lines": [{**line.model_dump(mode="json"), "slot": hostile}]}
    desk.store.put(f"{folder}/tasks/validate.9.json", json.dumps(value).encode())
    for url in (run_url(*DATASET_RUN), task_url(*DATASET_RUN, "validate")):
        assert "<img" not in desk.client.get(url).text


def test_a_long_list_says_what_it_leaves_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_results, "MAX_READ", 2)
    monkeypatch.setattr("simgate_airflow.ui.result_table.MAX_READ", 2)
    monkeypatch.setattr("simgate_airflow.ui.result_table.MAX_ROWS", 3)
    text = desk.client.get(task_url(*DATASET_RUN, "generate")).text
    assert "Verdict and figures of the first 2 of a stage are shown" in text
    assert "2 more are not listed" in text


def test_a_candidates_page_links_to_each_piece_of_its_evidence(desk: Desk) -> None:
    entry = candidates(desk.store, "navigator", "demo").newest()
    assert entry is not None
    text = desk.client.get(candidate_url("navigator", "demo", entry.digest)).text
    for ref in entry.candidate.evidence.values():
        assert f'href="{report_url(ref.uri)}"' in text
    assert entry.digest in text
    assert "<h2>What changed</h2>" in text
    assert "<td>added</td><td>office/office.usda</td>" in text
    address = f'href="{candidate_url("navigator", "demo", entry.digest)}"'
    assert address in desk.client.get(task_url(*RELEASE_RUN, "decide")).text
    assert address not in desk.client.get(task_url(*RELEASE_RUN, "hil")).text
    for digest in ("0" * 64, "..", "x", entry.digest[:12]):
        assert desk.status(candidate_url("navigator", "demo", digest)) == 404


def page_of(desk: Desk, entry: CandidateEntry) -> str:
    return unescape(desk.client.get(candidate_url("navigator", "demo", entry.digest)).text)


def newest(desk: Desk) -> CandidateEntry:
    entry = candidates(desk.store, "navigator", "demo").newest()
    assert entry is not None
    return entry


def test_the_page_of_a_live_candidate_says_so_beside_what_it_replaced(desk: Desk) -> None:
    policy, first = Policy.load(wired().policy_path), newest(desk)
    assert "It waits for an answer until 20" in page_of(desk, first)
    promote(desk.store, policy, model="navigator", channel="demo", gate=answered(first))
    second = _second(desk)
    said = page_of(desk, first)
    assert "newer candidate" not in said
    assert "It is live since 20" in said
    assert "(ledger entry 1, promote by release-manager" in said
    assert "Nothing was live" in said, "the model is not compared with itself"
    assert "<td>added</td><td>office/office.usda</td>" in said
    promote(desk.store, policy, model="navigator", channel="demo", gate=answered(second))
    assert "It was live from 20" in page_of(desk, first)
    later = page_of(desk, second)
    assert "It is live since 20" in later
    assert "Nothing was live" not in later
    assert "<td>map_50</td><td>0.5</td><td>≥ 0.11</td><td>0.5</td><td>same</td>" in later


def test_the_page_of_a_rejected_candidate_says_who_when_and_why(desk: Desk) -> None:
    policy, entry = Policy.load(wired().policy_path), newest(desk)
    gate = answered(entry).model_copy(update={"chosen_options": (REJECT,), "reason": "it <b>limps</b>"})
    settled = settle(desk.store, policy, model="navigator", channel="demo", candidate=entry.digest, gate=gate)
    assert settled is not None
    said = page_of(desk, entry)
    assert f"It was rejected by release-manager at {when(settled.decision.decided_at)}: it <b>limps</b> " in said
    assert "waits for an answer" not in said
    assert "<b>" not in desk.client.get(candidate_url("navigator", "demo", entry.digest)).text


def test_a_candidates_page_without_a_policy_says_what_cannot_be_read_and_links_the_reports(
    desk: Desk, wire: Wire
) -> None:
    entry = newest(desk)
    wire({"SIMGATE_POLICY": "/nowhere/policy.yaml"})
    said = page_of(desk, entry)
    assert "What was decided about it cannot be read" in said
    assert all(report_url(ref.uri) in said for ref in entry.candidate.evidence.values())


def test_a_runs_page_names_what_set_it_off_once(desk: Desk) -> None:
    folder = run_record.folder_of(context(*RELEASE_RUN))
    path = Path(desk.store.url, folder, "why.json")
    why = ReleaseWhy.from_json(path.read_bytes(), what="why.json")
    (_, dataset) = why.triggers
    hint = dataset.model_copy(update={"detail": "event of asset dataset by build_dataset manual__1"})
    for triggers, said in (
        (why.triggers, "engineer, by hand"),
        ((hint, dataset), f"the publication of {dataset.detail}"),
        ((hint, hint, dataset), f"the publication of {dataset.detail}"),
        ((hint.model_copy(update={"kind": "reconcile"}), dataset), "the clock"),
    ):
        path.write_bytes(why.model_copy(update={"triggers": triggers}).to_json())
        assert f"<dt>Set off by</dt><dd>{said}</dd>" in desk.client.get(run_url(*RELEASE_RUN)).text


def test_times_are_written_alike_and_one_file_is_one_file(desk: Desk) -> None:
    for url in (url for url in every_page(desk) if "/file/" not in url):
        text = re.sub(r'"[^"]*"', "", desk.client.get(url).text).replace(DATASET_RUN[1], "")
        assert not re.search(r"\d{4}-\d\d-\d\dT\d|\d\d:\d\d UTC", text), url
    assert [count(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def answered(entry: CandidateEntry) -> GateRecord:
    return answer(entry, responder_id="release-manager", assigned_ids=())


def _second(desk: Desk) -> CandidateEntry:
    release = context("release_model.navigator", "manual__2", kind="manual", who="engineer")
    release["params"]["recipe"]["train"]["seed"] = 7
    release_run.plan(release)
    make(desk.store, release, "train", "evaluate", "export", "hil")
    release_run.propose_candidate(release)
    return newest(desk)


def _begun(desk: Desk, tmp_path: Path, run_id: str) -> tuple[tuple[str, str], Job]:
    """A dataset run of new scenes that was planned and whose index was handed over."""
    run = context("build_dataset.rooms", run_id)
    push(desk.store, tmp_path / "scenes", "home")
    folder = dataset_run.plan(run)
    (slot,) = slots(desk.store, folder, "index")
    write_jobs(desk.store, folder, [slot])
    return ("build_dataset.rooms", run_id), slot.job


def _attempt(store: Store, job: Job) -> Attempt:
    inputs = load_inputs(store, job)
    return Attempt(store, job, key_parts(job, inputs), inputs)
