"""Bases: images of other people, pinned by digest where they are used. `make images-pin` looks their tags up again."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from images.table import CONTAINERFILE, ROOT
from simgate.core.errors import InputError, SimgateError

PINNED_IN = (CONTAINERFILE, ROOT / "docker-compose.yml")
PINNED = re.compile(r"(?P<image>[a-z0-9][a-z0-9./-]*):(?P<tag>[\w.-]+)@sha256:(?P<digest>[0-9a-f]{64})")
TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Base:
    """`image:tag@sha256:digest`."""

    image: str
    tag: str
    digest: str


def pinned(path: Path) -> list[Base]:
    """Every image by digest that a file names, in order."""
    return [Base(**match.groupdict()) for match in PINNED.finditer(path.read_text(encoding="utf-8"))]


def base(argument: str) -> Base:
    """The base that an ARG of the Containerfile names."""
    text = CONTAINERFILE.read_text(encoding="utf-8")
    line = re.search(rf"^ARG {argument}=(.*)$", text, re.MULTILINE)
    match = PINNED.fullmatch(line.group(1)) if line else None
    if match is None:
        raise InputError(
            f"{argument} is not pinned", expected=f"ARG {argument}=image:tag@sha256:… in {CONTAINERFILE.name}"
        )
    return Base(**match.groupdict())


def look_up(found: Base) -> str:
    """The digest that the tag names today: the SHA-256 of the manifest's (or index's) own bytes."""
    name = f"{found.image}:{found.tag}"
    if shutil.which("skopeo"):
        command = ["skopeo", "inspect", "--raw", f"docker://{name}"]
    elif shutil.which("docker"):
        command = ["docker", "buildx", "imagetools", "inspect", "--raw", name]
    else:
        raise InputError("nothing here can ask a registry", expected="skopeo, or docker with buildx")
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        raise SimgateError(f"{name} cannot be looked up: {said}", remedy="check the network and the registry's login")
    return hashlib.sha256(done.stdout).hexdigest()


def pin(path: Path) -> int:
    """Write today's digests into a file; how many moved."""
    text = path.read_text(encoding="utf-8")
    moved = 0
    for found in dict.fromkeys(pinned(path)):
        digest = look_up(found)
        same = digest == found.digest
        print(f"{path.name}: {found.image}:{found.tag} sha256:{digest[:12]} {'as before' if same else 'moved'}")
        text = text.replace(f"{found.tag}@sha256:{found.digest}", f"{found.tag}@sha256:{digest}")
        moved += not same
    path.write_text(text, encoding="utf-8")
    return moved


def main() -> int:
    """Pin all."""
    try:
        print(f"{sum(pin(path) for path in PINNED_IN)} moved")
    except SimgateError as error:
        print(f"images: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
