"""A store in a folder follows no symbolic link and waits for no FIFO, wherever it lies and whatever is asked; its own
folder may be a link.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simgate.cli.store_copy import copy
from simgate.core.documents.artifact import Artifact
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import InputError, StoreError
from simgate.core.storage.store import Store

SECRET = b"a secret of this machine"
NAMED = Artifact(
    name="x", uri="runs/main/x", sha256=sha256_hex(SECRET), size_bytes=len(SECRET), media_type="text/plain"
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "x").write_bytes(SECRET)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(str(tmp_path / "store"))
    found.put("runs/pr-1/there", b"there")
    return found


Placing = Callable[[Store, Path], None]


def a_file(store: Store, outside: Path) -> None:
    """The object itself is a link."""
    (Path(store.url) / "runs/main").mkdir(parents=True)
    (Path(store.url) / "runs/main/x").symlink_to(outside / "x")


def a_folder(store: Store, outside: Path) -> None:
    """The object's folder is a link."""
    (Path(store.url) / "runs/main").symlink_to(outside)


def a_folder_inside(store: Store, outside: Path) -> None:
    """A link to a folder of the same store: another domain's, say."""
    (Path(store.url) / "elsewhere").mkdir()
    (Path(store.url) / "elsewhere/x").write_bytes(SECRET)
    (Path(store.url) / "runs/main").symlink_to(Path(store.url) / "elsewhere")


def a_dangling_one(store: Store, outside: Path) -> None:
    """A link to nothing: a write would make what it names."""
    (Path(store.url) / "runs/main").mkdir(parents=True)
    (Path(store.url) / "runs/main/x").symlink_to(outside / "not there yet")


ASKED: dict[str, Callable[[Store, Path], object]] = {
    "get": lambda store, _: store.get("runs/main/x"),
    "read": lambda store, _: store.read(NAMED),
    "fetch": lambda store, to: store.fetch(NAMED, to / "fetched"),
    "save": lambda store, to: store.save("runs/main/x", to / "saved"),
    "digest": lambda store, _: store.digest("runs/main/x"),
    "exists": lambda store, _: store.exists("runs/main/x"),
    "keys": lambda store, _: store.keys("runs/main"),
    "keys of all": lambda store, _: store.keys(""),
    "each_key": lambda store, _: list(store.each_key("runs")),
    "children": lambda store, _: store.children("runs/main"),
    "link": lambda store, _: store.link("runs/main/x", 60),
    "create": lambda store, _: store.create("runs/main/x", b"mine"),
    "put": lambda store, _: store.put("runs/main/x", b"mine"),
    "delete": lambda store, _: store.delete("runs/main/x"),
    "copy": lambda store, to: copy(store, Store(str(to / "copy")), check=False, tell=lambda _: None),
}


@pytest.mark.parametrize("place", [a_file, a_folder, a_folder_inside, a_dangling_one])
@pytest.mark.parametrize("asked", ASKED)
def test_a_symbolic_link_is_refused_by_name_and_not_followed(
    store: Store, outside: Path, tmp_path: Path, place: Placing, asked: str
) -> None:
    place(store, outside)
    with pytest.raises(StoreError, match=r"runs/main(/x)? in .* is a symbolic link.*remove it"):
        ASKED[asked](store, tmp_path)
    assert [path.name for path in outside.iterdir()] == ["x"]
    assert (outside / "x").read_bytes() == SECRET
    assert not (tmp_path / "fetched").exists()


@pytest.mark.parametrize(("kind", "words"), [(stat.S_IFIFO, "a FIFO"), (stat.S_IFSOCK, "a socket")])
@pytest.mark.parametrize("asked", ASKED)
def test_what_is_no_file_is_refused_by_name_before_it_is_opened(
    store: Store, tmp_path: Path, asked: str, kind: int, words: str
) -> None:
    (Path(store.url) / "runs/main").mkdir(parents=True)
    os.mknod(Path(store.url) / "runs/main/x", kind | 0o600)
    said: list[str] = []

    def ask() -> None:
        with pytest.raises(StoreError) as error:
            ASKED[asked](store, tmp_path)
        said.append(str(error.value))

    asking = Thread(target=ask, daemon=True)  # a read of a FIFO never ends, and nothing can stop it
    asking.start()
    asking.join(20)
    assert said, f"{asked} hangs, or says nothing"
    assert f"runs/main/x in {store.url} is {words}" in said[0]
    assert stat.S_IFMT((Path(store.url) / "runs/main/x").lstat().st_mode) == kind
    assert store.get("runs/pr-1/there") == b"there"


def test_what_lies_beside_a_link_is_still_read(store: Store, outside: Path) -> None:
    a_folder(store, outside)
    assert store.get("runs/pr-1/there") == b"there"
    assert store.keys("runs/pr-1") == ["runs/pr-1/there"]


def test_the_stores_own_folder_may_be_reached_by_a_link(store: Store, tmp_path: Path) -> None:
    (tmp_path / "by-link").symlink_to(store.url)
    assert Store(str(tmp_path / "by-link")).get("runs/pr-1/there") == b"there"


def test_a_hard_link_is_a_file_judged_by_its_digest(store: Store, tmp_path: Path) -> None:
    """As `cp -al` makes a backup: nothing tells it from the file, and a digest says what it holds."""
    os.link(Path(store.url) / "runs/pr-1/there", Path(store.url) / "runs/pr-1/again")
    there = Artifact(
        name="x", uri="runs/pr-1/again", sha256=sha256_hex(b"there"), size_bytes=5, media_type="text/plain"
    )
    assert store.read(there) == b"there"


PARTS = st.sampled_from(["..", ".", "", "runs", "a\0b", "a\nb", "é", "\udcff", "x" * 300, "~", "%2e%2e", "a\\b"])
BAD = (
    st.lists(PARTS, min_size=1, max_size=5)
    .map("/".join)
    .filter(lambda key: any(p in ("..", ".", "") or not p.isprintable() or len(p) > 255 for p in key.split("/")))
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=BAD, asked=st.sampled_from(["get", "digest", "exists", "create", "put", "delete", "link"]))
def test_what_is_no_key_is_wrong_input_for_every_call(store: Store, key: str, asked: str) -> None:
    more: tuple[object, ...] = {"create": (b"",), "put": (b"",), "link": (60.0,)}.get(asked, ())
    with pytest.raises(InputError, match="not a key of a store"):
        getattr(store, asked)(key, *more)
