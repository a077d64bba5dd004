"""The demo shop's pictures are safe to serve, small, and the same each time."""

import gzip
import os
import re
import statistics
import subprocess
import sys
from xml.etree.ElementTree import Element, fromstring

import pytest

from shopctl.seeds.illustrations import NAMES, STILL_LIFE, draw

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {SVG + name for name in ("svg", "style", "g", "path", "rect", "ellipse", "circle")}
ATTRIBUTES = {
    *("viewBox", "width", "height", "class", "transform", "d", "x", "y", "rx", "ry", "cx", "cy", "r"),
    *("fill", "opacity", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"),
}
HUE_RULES = r"(\.[wats]\{fill:#[0-9a-f]{6}\}){3,4}"


def drawn(name: str) -> tuple[str, Element]:
    svg = draw(name).content.decode()
    return svg, fromstring(svg)


def compressed(name: str) -> int:
    return len(gzip.compress(draw(name).content, 9, mtime=0))


def test_every_picture_has_a_name_of_its_own_and_looks_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 73
    assert len({draw(name).content for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_an_svg_of_the_size_it_says(name: str) -> None:
    picture = draw(name)
    _, root = drawn(name)
    assert picture.kind == "svg"
    assert (picture.width, picture.height) == ((1280, 560) if name == STILL_LIFE else (400, 500))
    assert root.tag == SVG + "svg"
    assert root.get("viewBox") == f"0 0 {picture.width} {picture.height}"
    assert (root.get("width"), root.get("height")) == (str(picture.width), str(picture.height))


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_flat_shapes_alone(name: str) -> None:
    """No text, script, filter, gradient, event handler or outer reference: what is not listed is not there."""
    svg, root = drawn(name)
    assert {element.tag for element in root.iter()} <= ELEMENTS
    assert {key for element in root.iter() for key in element.attrib} <= ATTRIBUTES
    assert "url(" not in svg
    assert "@import" not in svg
    assert not [element.text for element in root.iter() if element.text and element.tag != SVG + "style"]


@pytest.mark.parametrize("name", NAMES)
def test_coordinates_are_finite_and_short(name: str) -> None:
    _, root = drawn(name)
    values = [value for element in root.iter() for key, value in element.attrib.items() if key not in ("fill", "class")]
    assert not [value for value in values if re.search(r"nan|inf|\d\.\d{4,}|\de[+-]", value)]


@pytest.mark.parametrize("name", NAMES)
def test_wall_and_table_are_dimmed_in_the_dark(name: str) -> None:
    _, root = drawn(name)
    style = root.findtext(SVG + "style", "")
    rules = re.fullmatch(rf"({HUE_RULES})@media\(prefers-color-scheme:dark\)\{{({HUE_RULES})\}}", style)
    assert rules is not None
    day, dark = (re.findall(r"\.(\w)\{fill:#(\w+)\}", rules.group(i)) for i in (1, 3))
    assert [name for name, _ in day] == [name for name, _ in dark]
    assert all(brightness(by_night) < brightness(by_day) for (_, by_day), (_, by_night) in zip(day, dark, strict=True))


def brightness(colour: str) -> int:
    return sum(bytes.fromhex(colour))


@pytest.mark.parametrize("name", [name for name in NAMES if name != STILL_LIFE])
def test_a_good_has_its_shadow_or_hangs_in_the_light(name: str) -> None:
    _, root = drawn(name)
    classes = [element.get("class") for element in root.iter() if element.get("class")]
    lit = [element for element in root.iter() if element.get("opacity")]
    assert classes[:2] == ["w", "t"]
    assert classes[2:] or lit


def test_pictures_are_the_same_in_every_process() -> None:
    source = "import hashlib; from shopctl.seeds.illustrations import *; " + (
        "print(hashlib.sha256(b''.join(draw(name).content for name in NAMES)).hexdigest())"
    )
    sums = {
        subprocess.run(
            [sys.executable, "-c", source],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(sums) == 1


def test_half_of_the_pictures_are_below_1200_bytes_compressed() -> None:
    assert statistics.median(compressed(name) for name in NAMES) < 1200


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_is_heavy(name: str) -> None:
    assert compressed(name) < (8192 if name == STILL_LIFE else 4096)


def test_an_unknown_picture_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="mug-of-gold"):
        draw("mug-of-gold")
