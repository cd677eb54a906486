"""python -m images.build [--engine docker|buildah] [IMAGE …]: builds images, each with its SBOM; `make images`."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence

from images.sbom import version, write
from images.table import CONTAINERFILE, IMAGES, ROOT, Image
from simgate.core.errors import InputError, SimgateError

ENGINES = {"docker": ["docker", "build"], "buildah": ["buildah", "build", "--layers"]}
"""Program → the words that build."""
ALIVE = {"docker": ["docker", "version", "--format", "{{.Server.Version}}"], "buildah": ["buildah", "--version"]}
"""Program → a question that only a working one answers; docker's client alone cannot build."""
DEFAULT_IMAGES = tuple(name for name in IMAGES if name != "isaac-sim")
"""All but the one of 20 GB that has nothing to run yet."""


def main(argv: Sequence[str] | None = None) -> int:
    """Build what was asked for; the first failure ends it."""
    arguments = _parser().parse_args(argv)
    try:
        engine = find_engine(arguments.engine)
        for name in arguments.images or DEFAULT_IMAGES:
            image = _image(name)
            print(f"== {name}: {write(image).relative_to(ROOT)}", flush=True)
            _build(engine, image, arguments.registry)
    except SimgateError as error:
        print(f"images: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def find_engine(asked: str) -> str:
    """The engine asked for, or the first that works."""
    tried = [asked] if asked else list(ENGINES)
    for engine in tried:
        if shutil.which(engine) and subprocess.run(ALIVE[engine], capture_output=True, check=False).returncode == 0:
            return engine
    raise InputError(
        "no engine here can build images", actual="none of " + ", ".join(tried) + " works",
        expected="docker with its daemon, or buildah", remedy="install one; on Debian: apt install buildah",
    )  # fmt: skip


def build_command(engine: str, image: Image, registry: str, *, revision: str, source: str) -> list[str]:
    """The whole command line."""
    labels = {"version": version(), "revision": revision, "source": source}
    words = [f"--label=org.opencontainers.image.{name}={value}" for name, value in labels.items() if value]
    tag = f"{registry}/{image.name}:{version()}"
    return [*ENGINES[engine], f"--file={CONTAINERFILE}", f"--target={image.name}", f"--tag={tag}", *words, str(ROOT)]


def _build(engine: str, image: Image, registry: str) -> None:
    command = build_command(engine, image, registry, revision=_revision(), source=_source())
    code = subprocess.run(command, check=False, env={**os.environ, "DOCKER_BUILDKIT": "1"}).returncode
    if code:
        raise SimgateError(
            f"image {image.name} was not built: {engine} ended with {code}", remedy="see its lines above"
        )


def _image(name: str) -> Image:
    if name not in IMAGES:
        raise InputError("no such image", actual=name, expected=" | ".join(IMAGES))
    return IMAGES[name]


def _revision() -> str:
    """The commit, marked where files differ from it."""
    commit = _git("rev-parse", "HEAD")
    return f"{commit}-dirty" if commit and _git("status", "--porcelain") else commit


def _source() -> str:
    """Where the code is from, without the user and password that a remote's URL may hold."""
    url = _git("remote", "get-url", "origin")
    return re.sub(r"//[^/@]*@", "//", url) if url.startswith("https://") else ""


def _git(*words: str) -> str:
    if not shutil.which("git"):
        return ""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.strip() if done.returncode == 0 else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m images.build", description="Build simgate's images.")
    parser.add_argument("images", nargs="*", help=" | ".join(IMAGES))
    parser.add_argument("--engine", default="", choices=("", *ENGINES), help="default: the first that works")
    parser.add_argument("--registry", default="simgate", help="before the image's name in its tag; default: simgate")
    return parser


if __name__ == "__main__":
    sys.exit(main())
