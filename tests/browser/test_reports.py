"""Every stage's report in a real browser: it renders offline, says what it is, and loads nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.plan.jobs import find
from tests.tiny_pipeline import slot_of

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
# Continuous integration must not go without: there the tests fail instead.
pytestmark = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("CI"), reason="no Chromium on PATH; `make browser` installs it where apt may"
)

STAGES = ("index", "generate", "validate", "train", "evaluate", "export", "hil")
GATES = ("validate", "evaluate", "export", "hil")
# A word of each page's title; case and ending are the page's own affair.
TITLES = {
    "index": "index", "generate": "generate", "validate": "validat", "train": "train", "evaluate": "evaluat",
    "export": "export", "hil": "EMULATED BENCH",
}  # fmt: skip
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
WIDTH_PX, HEIGHT_PX = 1100, 1400
LIMIT_S = 120
_REFERENCE = re.compile(
    r"""<(?!a\s)\w+[^>]*?\s(?:src|href|srcset|poster|action|data)\s*=\s*["']?([^"'>\s]+)""", re.IGNORECASE
)


@dataclass(frozen=True)
class Seen:
    """What the browser made of one report."""

    source: str
    dom: str
    pixels: NDArray[np.uint8]
    """height × width × 3."""
    verdict: str


See = Callable[[str], Seen]


@pytest.fixture(scope="module")
def see(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> See:
    """Open a stage's report; each is opened once."""
    known: dict[str, Seen] = {}

    def open_once(stage: str) -> Seen:
        if stage not in known:
            known[stage] = _open(tiny_store, stage, tmp_path_factory.mktemp(stage))
        return known[stage]

    return open_once


@pytest.mark.parametrize("stage", STAGES)
def test_a_report_renders(see: See, stage: str) -> None:
    seen = see(stage)
    assert seen.pixels.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert len(np.unique(seen.pixels.reshape(-1, 3), axis=0)) > 50
    # Light mode: the page's ground is nearly white.
    assert seen.pixels[:4, :4].min() > 235


@pytest.mark.parametrize("stage", STAGES)
def test_a_report_says_what_it_is(see: See, stage: str) -> None:
    dom = see(stage).dom
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    heading = re.search(r"<h1>(.*?)</h1>", dom, re.DOTALL)
    assert title is not None
    assert heading is not None
    assert title[1] == heading[1]
    assert TITLES[stage].lower() in title[1].lower()


@pytest.mark.parametrize("stage", STAGES)
def test_a_gate_and_nothing_else_shows_its_verdict(see: See, stage: str) -> None:
    seen = see(stage)
    badge = re.search(r"""<header class="top">.*?class="badge[^"]*">(.*?)</span>""", seen.dom, re.DOTALL)
    if stage not in GATES:
        assert badge is None
        return
    assert badge is not None
    assert seen.verdict in badge[1]


@pytest.mark.parametrize("stage", STAGES)
def test_a_report_needs_nothing_but_itself(see: See, stage: str) -> None:
    seen = see(stage)
    for text in (seen.source, seen.dom):
        assert not [target for target in _REFERENCE.findall(text) if not target.startswith(("data:", "#"))]
        assert "<script" not in text.lower()
        assert not re.search(r"""@import|url\(\s*["']?https?:""", text)


def test_the_bench_says_that_it_is_emulated(see: See) -> None:
    heading = re.search(r"<h1>(.*?)</h1>", see("hil").dom, re.DOTALL)
    assert heading is not None
    assert "EMULATED" in heading[1]
    assert "No robot moved" in see("hil").dom


def _open(store: Store, stage: str, folder: Path) -> Seen:
    ref = find(store, slot_of(store, stage))
    assert ref is not None
    manifest = read_manifest(store, ref)
    page = folder / "report.html"
    page.write_bytes(store.get(f"{ref.uri.rpartition('/')[0]}/report.html", max_bytes=64 * 1024 * 1024))
    dom = _browse(page, folder, f"--screenshot={folder / 'shot.png'}", "--dump-dom")
    with Image.open(folder / "shot.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    found = read_verdict(store, manifest) if stage in GATES else None
    return Seen(page.read_text(encoding="utf-8"), dom, pixels, found.verdict if found else "")


def _browse(page: Path, folder: Path, *flags: str) -> str:
    """One start of the browser; what it printed."""
    command = [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={folder / 'profile'}"]
    command += [f"--window-size={WIDTH_PX},{HEIGHT_PX}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
