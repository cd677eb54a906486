"""The shared look of the reports: escaped, self-contained, bounded, and the same bytes every time."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.core.errors import InputError
from simgate.report import figure
from simgate.report.axis import fit, nice_step
from simgate.report.page import Section, page

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
TEXTS = st.text(max_size=40)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30)


class Elements(HTMLParser):
    """Every element's name and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def svgs(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)]  # noqa: S314  (our own text)


def coordinates(html: str) -> list[float]:
    names = ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height")
    nodes = [node for root in svgs(html) for node in root.iter()]
    values = [float(node.attrib[name]) for node in nodes for name in names if name in node.attrib]
    paths = [node.attrib["d"] for node in nodes if "d" in node.attrib]
    return values + [float(number) for path in paths for number in re.findall(r"[-\d.]+", path)]


@given(TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=4), TEXTS)
def test_no_text_can_add_an_element_or_load_anything(
    title: str, verdict: str, facts: dict[str, str], cell: str
) -> None:
    hostile = "<script src=//x>" + cell
    html = figure.table([hostile], [[hostile]]) + figure.note(hostile) + figure.gallery([(PNG, hostile)])
    html += figure.svg_bars({hostile: 1.0}, x_label=hostile, y_label=hostile)
    drawn = page(title, verdict=verdict, facts=facts, sections=[Section(hostile, html)]).decode()
    found = Elements(drawn).found
    assert "script" not in {tag for tag, _ in found}
    assert all(not name.startswith("on") for _, attributes in found for name in attributes)
    assert all((attributes["src"] or "").startswith("data:image/") for _, attributes in found if "src" in attributes)


def test_a_page_names_no_external_resource_and_is_the_same_every_time() -> None:
    drawn = page("index", verdict="PASS", facts={"scenes": "3"}, sections=[Section("Empty", "")])
    assert drawn == page("index", verdict="PASS", facts={"scenes": "3"}, sections=[Section("Empty", "")])
    assert not [word for word in (b"http://", b"https://", b"url(", b"@import") if word in drawn]


def test_a_verdict_is_told_by_word_and_sign_and_absent_without_a_gate() -> None:
    assert "✓ PASS" in page("t", verdict="PASS", facts={}, sections=[]).decode()
    assert "✕ FAIL" in page("t", verdict="FAIL", facts={}, sections=[]).decode()
    assert 'class="badge' not in page("t", verdict=None, facts={}, sections=[]).decode()


@settings(deadline=None)
@given(st.dictionaries(TEXTS, POINTS, max_size=12), TEXTS, TEXTS, st.dictionaries(TEXTS, NUMBERS, max_size=3))
def test_lines_are_valid_svg_inside_their_box_whatever_the_numbers(
    series: dict[str, list[tuple[float, float]]], x_label: str, y_label: str, limits: dict[str, float]
) -> None:
    def printable(text: str) -> str:
        return text.encode("ascii", "replace").decode().translate(dict.fromkeys(range(32)))

    clean = {printable(name): points for name, points in series.items()}
    html = figure.svg_lines(
        clean,
        x_label=printable(x_label),
        y_label=printable(y_label),
        limits={printable(k): v for k, v in limits.items()},
    )
    assert len(svgs(html)) == 1
    assert all(-20 <= value <= 800 for value in coordinates(html))


@settings(deadline=None)
@given(POINTS, st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=5), st.tuples(NUMBERS, NUMBERS))
def test_maps_survive_any_numbers(
    points: list[tuple[float, float]], circles: list[tuple[float, float, float]], goal: tuple[float, float]
) -> None:
    assert all(math.isfinite(value) for value in coordinates(figure.svg_map({"model": points}, circles, goal)))


def test_maps_show_one_metre_as_long_in_y_as_in_x() -> None:
    html = figure.svg_map({"a": [(0, 0), (1, 0), (1, 1)]}, [], None)
    numbers = [float(n) for n in re.findall(r"[-\d.]+", re.search(r' d="([^"]+)"', html)[1])]  # type: ignore[index]
    (x0, y0), (x1, _), (_, y1) = zip(numbers[::2], numbers[1::2], strict=True)
    assert x1 - x0 == pytest.approx(y0 - y1, abs=0.2)


@given(st.dictionaries(st.text(alphabet="abc", max_size=50), NUMBERS, max_size=80))
def test_bars_survive_any_numbers(bars: dict[str, float]) -> None:
    assert all(math.isfinite(value) for value in coordinates(figure.svg_bars(bars, x_label="prims", y_label="class")))


def test_a_long_series_is_thinned_but_keeps_its_spike() -> None:
    points = [(float(i), 0.0) for i in range(100_000)]
    points[54_321] = (54_321.0, 7.0)
    html = figure.svg_lines({"trace": points}, x_label="x", y_label="y")
    assert len(html) < 60_000
    assert ">7<" in html or ">8<" in html


def test_more_than_fits_is_counted_not_dropped_in_silence() -> None:
    assert "100 more rows" in figure.table(["n"], [[i] for i in range(500)])
    assert "1 more pictures" in figure.gallery([(PNG, "p")] * 61)


def test_something_that_is_no_picture_is_refused() -> None:
    with pytest.raises(InputError, match="neither PNG nor JPEG"):
        figure.png_img(b"<svg onload=alert(1)>", "hostile")


def test_numbers_align_right_and_digests_are_short_with_the_whole_on_hover() -> None:
    html = figure.table(["size", "sha256"], [[12345, "ab" * 32]])
    assert '<td class="number">12,345</td>' in html
    assert f'title="{"ab" * 32}">abababababab…<' in html


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_steps_are_one_two_or_five_times_a_power_of_ten(rough: float) -> None:
    step = nice_step(rough)
    assert rough * (1 - 1e-6) <= step <= rough * 2.5 * (1 + 1e-6)
    assert f"{step:.3e}"[0] in "125"


@given(st.lists(st.floats(min_value=-1e9, max_value=1e9), min_size=1, max_size=20))
def test_an_axis_shows_every_value_with_few_ticks(values: list[float]) -> None:
    axis = fit(values, start_px=0, end_px=100)
    assert all(-0.01 <= axis.at(value) <= 100.01 for value in values)
    assert 2 <= len(axis.ticks()) <= 12
