"""Make the README's pictures from a store in which a model is live: `python docs/pictures/make.py --store STORE`.

Writes `way.png` and `scenes.png` beside this file. Needs Chromium; every number and picture is read from evidence.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "examples/demo/scenes" / "author"))

import view  # noqa: E402  # needs examples/demo/scenes/author on the path
from story import Story  # noqa: E402
from way import page  # noqa: E402

from simgate.core.storage.store import Store  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
]
WAY_PX = (1600, 900)
SCENE_PX, GAP_PX = (640, 480), 12
SCENES = ("home", "office", "warehouse")
MAX_BYTES = 1_500_000


def main() -> None:
    """Both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True, help="store of a finished `make demo`, e.g. .simgate/store")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "way.html").write_text(page(Story(Store(given.store)), folder), encoding="utf-8")
        shot = shoot(folder / "way.html", WAY_PX, folder)
        (HERE / "way.png").write_bytes(small(shot))
    strip = np.hstack([part for name in SCENES for part in (_scene(name), _gap())][:-1])
    out = io.BytesIO()
    Image.fromarray(strip).save(out, "PNG")
    (HERE / "scenes.png").write_bytes(small(out.getvalue()))


def shoot(page_path: Path, size_px: tuple[int, int], folder: Path) -> bytes:
    """PNG of a page by headless Chromium, at twice its CSS size."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("no Chromium on PATH: `make browser` installs one where apt may")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={size_px[0]},{size_px[1]}"]
    command += [f"--screenshot={folder / 'shot.png'}", page_path.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return (folder / "shot.png").read_bytes()


def small(png: bytes) -> bytes:
    """The picture with as many colours as fit into `MAX_BYTES`."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for picture in (image, image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)):
        out = io.BytesIO()
        picture.save(out, "PNG", optimize=True)
        if out.tell() <= MAX_BYTES:
            return out.getvalue()
    raise SystemExit(f"the picture is {out.tell()} bytes, expected at most {MAX_BYTES}")


def _scene(name: str) -> NDArray[np.uint8]:
    taken: NDArray[np.uint8] = view.picture(
        ROOT / "examples/demo/scenes" / name / f"{name}.usda", SCENE_PX, view.Corner()
    )
    return taken


def _gap() -> NDArray[np.uint8]:
    return np.full((SCENE_PX[1], GAP_PX, 3), 255, np.uint8)


if __name__ == "__main__":
    main()
