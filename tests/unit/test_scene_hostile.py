"""A scene cannot reach outside its folder, nor exhaust or crash the process that looks at it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pxr import Sdf

from simgate.core.errors import InputError, SimgateError
from simgate.core.given.random import stream
from simgate.scene.asset_use import AssetUse
from simgate.scene.closure import MAX_LAYER_BYTES, find_closure
from simgate.scene.enclosure import Bounds, enclosed
from simgate.scene.location import locate
from tests.unit.enclosed_tasks import close
from tests.unit.scene_planting import ROOT, edit, plant, png, write

MUCH = 10**9
CHAIR, ROOM = "props/chair.usda", ROOT


def refusal(folder: Path, root: str = ROOT, max_bytes: int = MUCH) -> str:
    with pytest.raises(InputError) as caught:
        find_closure(folder, root, max_bytes=max_bytes)
    return str(caught.value)


def broken(tmp_path: Path, path: str, old: str, new: str) -> str:
    folder = plant(tmp_path)
    edit(folder, path, old, new)
    return refusal(folder)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../../outside.usda", "leaves the snapshot"),
        ("../../../../../../../../etc/passwd.usda", "leaves the snapshot"),
        ("/etc/hostname.usda", "an absolute path"),
        ("https://example.org/chair.usda", "a URL or drive"),
        ("file:///etc/hostname.usda", "a URL or drive"),
        ("C:/chair.usda", "a URL or drive"),
        ("..\\\\props\\\\chair.usda", "backslash"),
        ("../props/chair.usdz", "not supported"),
        ("../props/chair.usda[inner.usda]", "bracket"),
        ("../props/chair.obj", "not supported"),
        ("../props/chair.abc", "not supported"),
        ("../props/chair.usda:SDF_FORMAT_ARGS:a=b", "file format arguments"),
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_snapshot_or_is_of_another_kind_is_refused(
    tmp_path: Path, path: str, reason: str
) -> None:
    folder = tmp_path / "snapshot"
    write(tmp_path, "outside.usda", '#usda 1.0\n\ndef "Chair"\n{\n}\n')
    plant(folder)
    edit(folder, ROOM, "@../props/chair.usda@</Chair>", f"@{path}@</Chair>")
    message = refusal(folder)
    assert reason in message
    assert "of prim /World/Furniture/ChairB of layer room/room.usda" in message


def test_an_expression_is_refused_as_written(tmp_path: Path) -> None:
    message = broken(tmp_path, CHAIR, "@../textures/wood.png@", '@`"../textures/${KIND}.png"`@')
    assert "is a variable expression" in message
    assert "/Chair/Looks/Paint/Picture.inputs:file of layer props/chair.usda" in message


def test_a_symbolic_link_is_refused_even_when_it_stays_inside(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    (folder / "textures/wood.png").unlink()
    (folder / "textures/wood.png").symlink_to("unused.png")
    assert "goes through a symbolic link" in refusal(folder)


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    folder = plant(tmp_path / "snapshot")
    shutil.move(folder / "textures", tmp_path / "elsewhere")
    (folder / "textures").symlink_to(tmp_path / "elsewhere")
    assert "goes through a symbolic link" in refusal(folder)


def test_a_pipe_in_place_of_a_layer_is_refused_without_being_opened(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    (folder / "props/chair.usda").unlink()
    os.mkfifo(folder / "props/chair.usda")
    assert "is not a file" in refusal(folder)


@pytest.mark.parametrize("root", ["../room/room.usda", "/etc/hostname.usda", "room/none.usda", "textures/../../x.usda"])
def test_a_root_that_is_missing_or_outside_is_refused(tmp_path: Path, root: str) -> None:
    assert "root layer" in refusal(plant(tmp_path), root)


def test_a_closure_beyond_its_bytes_is_refused_before_its_files_are_opened(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    with (folder / "textures/wood.png").open("r+b") as file:
        file.truncate(50_000_000)
    assert "too large at textures/wood.png" in refusal(folder, max_bytes=40_000_000)


def test_a_layer_too_large_to_parse_is_refused(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    with (folder / "props/chair.usda").open("r+b") as file:
        file.truncate(MAX_LAYER_BYTES + 1)
    assert "layer props/chair.usda is too large" in refusal(folder, max_bytes=10 * MAX_LAYER_BYTES)


@pytest.mark.parametrize(
    "damage",
    [b"", b"#usda 1.0\ndef {", b"PXR-USDC" + bytes(80), b"\x00" * 64],
    ids=["empty", "unfinished", "cut", "zeros"],
)
def test_a_damaged_layer_is_a_clear_refusal(tmp_path: Path, damage: bytes) -> None:
    folder = plant(tmp_path)
    for name in ("chair.usda", "table.usda", "heater.usda"):
        (folder / "props" / name).write_bytes(damage)
    message = refusal(folder)
    assert "cannot be read" in message or "no prim" in message
    assert str(tmp_path) not in message


def test_a_layer_that_nests_without_end_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    deep = 200_000
    write(tmp_path, "deep.usda", "#usda 1.0\n" + 'def "a" {\n' * deep + "}\n" * deep)
    assert "layer deep.usda nests too deep" in refusal(tmp_path, "deep.usda")


def test_braces_in_strings_and_comments_are_no_depth(tmp_path: Path) -> None:
    texts = "".join(f'    string s{i} = "{{{{"  # {{\n' for i in range(600))
    write(tmp_path, "flat.usda", f'#usda 1.0\n\ndef "P"\n{{\n{texts}}}\n')
    assert find_closure(tmp_path, "flat.usda", max_bytes=MUCH) == ("flat.usda",)


def test_a_binary_layer_that_nests_too_deep_is_refused(tmp_path: Path) -> None:
    layer = Sdf.Layer.CreateNew(str(tmp_path / "deep.usdc"))
    Sdf.CreatePrimInLayer(layer, "/a" * 600)
    layer.Save()
    assert "layer deep.usdc nests too deep" in refusal(tmp_path, "deep.usdc")


def test_a_binary_layer_that_asks_for_all_memory_is_refused_in_a_child_process(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    Sdf.Layer.FindOrOpen(str(folder / CHAIR)).Export(str(folder / "chair.usdc"))
    data = (folder / "chair.usdc").read_bytes()
    draw = stream("damage")
    for number in range(25):
        damaged = bytearray(data)
        for place in draw.integers(0, len(data), 3):
            damaged[place] = int(draw.integers(256))
        (folder / "props" / f"{number}.usdc").write_bytes(damaged)
    answers = [_answer(folder, f"props/{number}.usdc") for number in range(25)]
    assert sum("cannot be read" in answer or "crashes" in answer for answer in answers) > 5
    assert all(answer == "" or "props/" in answer for answer in answers)


def test_a_layer_that_hangs_the_reader_is_given_up(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    Sdf.Layer.FindOrOpen(str(folder / CHAIR)).Export(str(folder / "chair.usdc"))
    assert "hangs USD's reader, got no end within 0 s" in _answer(folder, "chair.usdc", deadline_s=0.0)


def _answer(folder: Path, root: str, *, deadline_s: float = 60.0) -> str:
    try:
        enclosed(close, {"folder": str(folder), "root": root}, Bounds(4 * 1024**3, deadline_s))
    except SimgateError as error:
        return str(error)
    return ""


def test_a_chain_of_references_without_end_is_refused(tmp_path: Path) -> None:
    for link in range(250):
        text = f'#usda 1.0\n\ndef "P" (\n    references = @l{link + 1}.usda@</P>\n)\n{{\n}}\n'
        write(tmp_path, f"l{link}.usda", text)
    write(tmp_path, "l250.usda", '#usda 1.0\n\ndef "P"\n{\n}\n')
    assert "begins a chain of references" in refusal(tmp_path, "l0.usda")


SEGMENTS = st.sampled_from(["..", ".", "a", "b.usda", "etc", "", "c.png", "link", "~", "$HOME", "%2e%2e", "…", "\\"])


@settings(deadline=None, max_examples=300)
@given(parts=st.lists(SEGMENTS, max_size=8), prefix=st.sampled_from(["", "/", "./", "file:", "http://x/", "//"]))
def test_whatever_is_written_is_found_inside_or_refused(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], prefix: str
) -> None:
    folder = _small_tree(tmp_path_factory)
    use = AssetUse("a/b.usda", "/P", prefix + "/".join(parts), "reference")
    try:
        found = locate(use, folder)
    except InputError:
        return
    assert all((folder / path).resolve() == folder / path and (folder / path).is_file() for path in found)


def _small_tree(factory: pytest.TempPathFactory) -> Path:
    folder = factory.getbasetemp() / "tree"
    if not folder.exists():
        write(folder, "a/b.usda", "#usda 1.0\n")
        (folder / "c.png").write_bytes(png())
        write(factory.getbasetemp(), "b.usda", "#usda 1.0\n")
        (folder / "link").symlink_to(factory.getbasetemp())
    return folder.resolve()


BREAKS: list[Callable[[str], str]] = [
    lambda text: text[: len(text) // 2],
    lambda text: text.replace("@", "@@@"),
    lambda text: text.replace("/", ".", 1),
    lambda text: text.replace("World", "Wörld"),
]


@pytest.mark.parametrize("damage", BREAKS)
def test_a_mangled_root_is_refused_or_read_but_never_anything_else(
    tmp_path: Path, damage: Callable[[str], str]
) -> None:
    folder = plant(tmp_path)
    (folder / ROOT).write_text(damage((folder / ROOT).read_text()), encoding="utf-8")
    with contextlib.suppress(InputError):
        assert ROOT in find_closure(folder, ROOT, max_bytes=MUCH)
