"""The closure of a scene is complete; what is broken or leaves the folder is refused by name, before it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from pxr import Sdf

from simgate.core.errors import InputError
from simgate.documents.scene import ClosureFile
from simgate.scene.closure import closure_digest, find_closure
from simgate.scene.composition import open_scene
from tests.unit.scene_planting import FILES, ROOT, edit, plant, write

MUCH = 10**9
CHAIR, TABLE, ROOM = "props/chair.usda", "props/table.usda", ROOT


def refusal(folder: Path, root: str = ROOT, max_bytes: int = MUCH) -> str:
    with pytest.raises(InputError) as caught:
        find_closure(folder, root, max_bytes=max_bytes)
    return str(caught.value)


def broken(tmp_path: Path, path: str, old: str, new: str) -> str:
    folder = plant(tmp_path)
    edit(folder, path, old, new)
    return refusal(folder)


def test_a_healthy_scene_names_every_layer_texture_tile_payload_and_unselected_variant(tmp_path: Path) -> None:
    assert find_closure(plant(tmp_path), ROOT, max_bytes=MUCH) == FILES


def test_binary_layers_are_walked_like_text_ones(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    for path in (folder / "props").glob("*.usda"):
        Sdf.Layer.FindOrOpen(str(path)).Export(str(path.with_suffix(".usdc")))
        path.unlink()
    for layer in (ROOT, "room/room.usda"):
        text = (folder / layer).read_text()
        (folder / layer).write_text(
            text.replace("chair.usda@", "chair.usdc@")
            .replace("table.usda@", "table.usdc@")
            .replace("heater.usda@", "heater.usdc@")
        )
    expected = tuple(sorted(path.replace(".usda", ".usdc") if path.startswith("props/") else path for path in FILES))
    assert find_closure(folder, ROOT, max_bytes=MUCH) == expected


def test_a_broken_reference_names_prim_layer_and_asset_path(tmp_path: Path) -> None:
    message = broken(tmp_path, ROOM, "chair.usda@</Chair>", "stool.usda@</Chair>")
    assert (
        "reference @../props/stool.usda@ of prim /World/Furniture/ChairB of layer room/room.usda is missing" in message
    )


def test_a_broken_reference_in_an_unselected_variant_is_found(tmp_path: Path) -> None:
    message = broken(tmp_path, ROOM, "heater.usda", "oven.usda")
    assert "prim /World{season=winter}Furniture/Heater of layer room/room.usda is missing" in message


def test_a_reference_to_a_prim_that_is_not_there_is_broken(tmp_path: Path) -> None:
    message = broken(tmp_path, ROOM, "</Chair>", "</Stool>")
    assert (
        "reference @../props/chair.usda@ of prim /World/Furniture/ChairB of layer room/room.usda is broken" in message
    )
    assert "no prim /Stool in props/chair.usda" in message


def test_a_reference_without_a_prim_needs_a_default_prim(tmp_path: Path) -> None:
    message = broken(tmp_path, CHAIR, 'defaultPrim = "Chair"', "")
    assert "ChairA of layer room/room.usda names no prim" in message
    assert "props/chair.usda without a defaultPrim" in message


def test_a_reference_to_a_prim_that_another_reference_brings_is_fine(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    edit(folder, ROOM, "@../props/heater.usda@", "</World/Furniture/ChairA/Body>")
    edit(folder, ROOM, 'season = "summer"', 'season = "winter"')
    assert "props/heater.usda" not in find_closure(folder, ROOT, max_bytes=MUCH)
    assert open_scene(folder, ROOT).GetPrimAtPath("/World/Furniture/Heater").GetAttribute("points").HasAuthoredValue()


def test_a_missing_texture_names_property_layer_and_asset_path(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    (folder / "textures/wood.png").unlink()
    message = refusal(folder)
    assert "asset @../textures/wood.png@ of prim /" in message
    assert "/Looks/Paint/Picture.inputs:file of layer props/" in message
    assert "is missing" in message


def test_a_tiled_texture_without_a_tile_is_missing(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    for path in (folder / "textures").glob("tiles.*"):
        path.unlink()
    assert "@../textures/tiles.<UDIM>.png@ of prim /Table/Looks/Paint/Picture.inputs:file" in refusal(folder)


def test_a_missing_sublayer_names_its_layer(tmp_path: Path) -> None:
    assert "sublayer @./dark.usda@ of layer room/room.usda is missing" in broken(
        tmp_path, ROOM, "lights.usda", "dark.usda"
    )


def test_a_reference_cycle_is_shown_as_a_way_round(tmp_path: Path) -> None:
    message = broken(
        tmp_path, CHAIR, 'def Mesh "Body" (', 'def Mesh "Body" (\n        references = @../room/room.usda@'
    )
    assert "closes a cycle" in message
    assert "of prim /Chair/Body of layer props/chair.usda" in message or "of layer room/room.usda closes" in message
    assert "room/room.usda/World/Furniture/Chair" in message
    assert "→ props/chair.usda/Chair/Body →" in message


def test_a_cycle_in_an_unselected_variant_is_found(tmp_path: Path) -> None:
    assert "closes a cycle" in broken(
        tmp_path,
        "props/heater.usda",
        'def Mesh "Body" (',
        'def Mesh "Body" (\n        references = @../room/room.usda@</World>',
    )


def test_a_prim_that_references_its_own_parent_is_a_cycle(tmp_path: Path) -> None:
    assert "closes a cycle" in broken(
        tmp_path, CHAIR, 'def Mesh "Body" (', 'def Mesh "Body" (\n        references = </Chair>'
    )


def test_a_sublayer_cycle_is_refused(tmp_path: Path) -> None:
    message = broken(tmp_path, "room/lights.usda", 'upAxis = "Z"', "subLayers = [@room.usda@]")
    assert "close a cycle" in message
    assert "room/room.usda → room/lights.usda → room/room.usda" in message


def test_two_layers_that_use_each_others_parts_are_no_cycle(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    write(folder, "props/parts.usda", '#usda 1.0\n\ndef "Leg" (\n    references = @set.usda@</Bolt>\n)\n{\n}\n')
    write(
        folder,
        "props/set.usda",
        '#usda 1.0\n\ndef "Set" (\n    references = @parts.usda@</Leg>\n)\n{\n}\n\ndef "Bolt"\n{\n}\n',
    )
    assert find_closure(folder, "props/set.usda", max_bytes=MUCH) == ("props/parts.usda", "props/set.usda")


def test_references_that_multiply_are_refused_before_they_are_composed(tmp_path: Path) -> None:
    for level in range(12):
        children = "".join(
            f'    def "c{i}" (\n        references = @l{level + 1}.usda@</P>\n    )\n    {{\n    }}\n'
            for i in range(10)
        )
        write(tmp_path, f"l{level}.usda", f'#usda 1.0\n\ndef "P"\n{{\n{children}}}\n')
    write(tmp_path, "l12.usda", '#usda 1.0\n\ndef "P"\n{\n}\n')
    assert "multiply" in refusal(tmp_path, "l0.usda")


def test_usd_says_nothing_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broken(tmp_path, ROOM, "chair.usda@</Chair>", "stool.usda@</Chair>")
    find_closure(plant(tmp_path / "healthy"), ROOT, max_bytes=MUCH)
    captured = capfd.readouterr()
    assert captured.err == ""
    assert captured.out == ""


def test_where_a_prop_came_from_is_commentary_and_no_dependency(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    edit(
        folder,
        CHAIR,
        'kind = "component"',
        'kind = "component"\n    assetInfo = {\n        asset identifier = @./gone.usda@\n    }',
    )
    assert find_closure(folder, ROOT, max_bytes=MUCH) == FILES


def test_value_clips_are_part_of_the_closure(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    for number in (1, 2):
        write(
            folder,
            f"clips/walk.{number:03}.usda",
            '#usda 1.0\n\ndef "Chair"\n{\n    double angle.timeSamples = {\n        1: 2\n    }\n}\n',
        )
    paths = 'asset[] assetPaths = [@../clips/walk.001.usda@]\n            string primPath = "/Chair"'
    clip = f"clips = {{\n        dictionary default = {{\n            {paths}\n        }}\n    }}"
    edit(folder, CHAIR, 'kind = "component"', f'kind = "component"\n    {clip}')
    assert "clips/walk.001.usda" in find_closure(folder, ROOT, max_bytes=MUCH)


def test_the_closure_digest_is_of_paths_and_contents_and_not_of_their_order() -> None:
    one = ClosureFile(path="a.usda", sha256="1" * 64, size_bytes=1)
    two = ClosureFile(path="b.usda", sha256="2" * 64, size_bytes=2)
    moved = ClosureFile(path="c.usda", sha256="2" * 64, size_bytes=2)
    assert closure_digest([one, two]) == closure_digest([two, one])
    assert closure_digest([one, two]) != closure_digest([one, moved])
