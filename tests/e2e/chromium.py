"""Chromium: a real browser with one page, driven over its debugging protocol: cookies, addresses, frames, pictures."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
# Continuous integration must not go without: there the tests fail instead.
needs_chromium = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("CI"), reason="no Chromium on PATH; `make browser` installs it where apt may"
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
START_TIMEOUT_S = 60.0


@dataclass
class Chromium:
    """One page of a running browser."""

    page: ClientConnection
    numbers: Iterator[int]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self.numbers)
        self.page.send(json.dumps({"id": number, "method": method, "params": params}))
        while (said := json.loads(self.page.recv(timeout=60))).get("id") != number:
            continue
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    def log_in(self, url: str, token: str) -> None:
        """Hold Airflow's cookie, as its own login sets it."""
        self.ask("Network.setCookie", url=url, name="_token", value=token, httpOnly=True, sameSite="Lax", path="/")

    def go(self, url: str, *, width_px: int = 1400, height_px: int = 900) -> None:
        """Open an address in a window of this size."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width_px, height=height_px, deviceScaleFactor=1,
            mobile=width_px < 600,
        )  # fmt: skip
        self.ask("Page.navigate", url=url)

    def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def waits_for(self, expression: str, within_s: float = 60) -> Any:
        """Wait until an expression is true in the page; its value."""
        deadline = time.monotonic() + within_s
        while not (found := self.value(expression)):
            assert time.monotonic() < deadline, f"{expression} at {self.value('location.href')}"
            time.sleep(0.3)
        return found

    def frames(self) -> dict[str, str]:
        """Address → title of every frame, those in processes of their own too."""
        targets = self.ask("Target.getTargets", filter=[{"type": "iframe"}, {"type": "page"}])["targetInfos"]
        return {target["url"]: target["title"] for target in targets}

    def picture(self, path: Path) -> Path:
        """A picture of the window."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))
        return path


@contextmanager
def chromium(folder: Path) -> Iterator[Chromium]:
    """A browser for as long as the block runs; it resolves no name, so all it reaches is this machine."""
    profile = folder / "profile"
    browser = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with connect(_page_address(profile / "DevToolsActivePort"), max_size=None) as page:
            yield Chromium(page, count(1))
    finally:
        browser.terminate()
        browser.wait(timeout=20)


def _page_address(told: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (told.exists() and told.read_text().strip()):
        assert time.monotonic() < deadline, "Chromium does not start"
        time.sleep(0.1)
    port = told.read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
        pages = [item for item in json.load(answer) if item["type"] == "page"]
    address: str = pages[0]["webSocketDebuggerUrl"]
    return address
