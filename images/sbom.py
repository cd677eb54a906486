"""SBOM: what is in an image, as CycloneDX, from its lock slices, its base and (MinIO) its Go modules."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from images.bases import Base, base
from images.table import IMAGES, ROOT, Image

FOLDER = ROOT / "sbom"
SPEC_VERSION = "1.6"
MODULES = ROOT / "images" / "minio-modules.txt"
"""`path version sum` of every module in MinIO's program, as `go version -m` lists them."""


def bill(image: Image) -> dict[str, Any]:
    """The whole document of an image; the same lock gives the same bytes."""
    own = {
        "type": "container", "bom-ref": f"simgate/{image.name}", "name": f"simgate/{image.name}", "version": version(),
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }  # fmt: skip
    pairs = (pin.split("==") for pin in pins(image))
    libraries = [_library(f"pkg:pypi/{name.lower()}", name, found) for name, found in pairs]
    modules = _modules() if image.name == "minio" else []
    return {
        "bomFormat": "CycloneDX", "specVersion": SPEC_VERSION, "version": 1, "metadata": {"component": own},
        "components": [_container(base(image.base)), *libraries, *modules],
    }  # fmt: skip


def write(image: Image) -> Path:
    """`sbom/<image>.cdx.json`."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{image.name}.cdx.json"
    path.write_text(json.dumps(bill(image), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def version() -> str:
    """simgate's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def pins(image: Image) -> list[str]:
    """`name==version` of all its slices, each once."""
    texts = ((ROOT / "locks" / f"{extra}.txt").read_text(encoding="utf-8") for extra in image.extras)
    found = (re.match(r"([A-Za-z0-9_.-]+==[^\s;]+)", line) for text in texts for line in text.splitlines())
    return sorted({pin.group(1) for pin in found if pin})


def _library(purl: str, name: str, found: str) -> dict[str, Any]:
    return {"type": "library", "bom-ref": f"{purl}@{found}", "name": name, "version": found, "purl": f"{purl}@{found}"}


def _container(found: Base) -> dict[str, Any]:
    return {
        "type": "container", "bom-ref": f"base/{found.image}", "name": found.image, "version": found.tag,
        "hashes": [{"alg": "SHA-256", "content": found.digest}],
    }  # fmt: skip


def _modules() -> list[dict[str, Any]]:
    rows = (line.split() for line in MODULES.read_text(encoding="utf-8").splitlines())
    return [_library(f"pkg:golang/{path}", path, found) for path, found, _sum in rows]


if __name__ == "__main__":
    for name in sys.argv[1:] or IMAGES:
        print(write(IMAGES[name]).relative_to(ROOT))
