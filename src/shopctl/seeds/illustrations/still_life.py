"""The home page's wide picture: the wall is ink, the table is clay, the lamp is on. Goods fill the right half."""

from typing import Final

from shopctl.seeds.illustrations import kitchen, light, plants, table
from shopctl.seeds.illustrations.colour import hex_colour
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import day_and_dark, document

WIDTH: Final = 1280
HEIGHT: Final = 560
TABLE: Final = 430
"""Where the wall meets the table."""


def still_life() -> str:
    """The whole picture, as an SVG document."""
    wall, goods = Drawing(), Drawing()
    wall.add('<path class="a" d="M742 430V290a196 196 0 0 1 392 0V430Z"/>')
    wall.glow(1034, 206, 196, 0.12)
    _arrange(goods)
    return document(WIDTH, HEIGHT, TABLE, _style(), "".join(goods.parts), "".join(wall.parts))


def _arrange(p: Drawing) -> None:
    with p.placed(636, 466, scale=0.76):
        plants.snakeplant(p)
    with p.placed(884, 456, scale=0.84):
        kitchen.board(p)
    with p.placed(1034, 468, scale=1.04):
        light.lamp(p, glow=False)
    with p.placed(1196, 470, scale=0.80):
        plants.vase(p, stems="sage")
    with p.placed(764, 500, scale=0.82):
        table.jug(p)
    with p.placed(904, 518, scale=0.58):
        table.bowls(p, tones=("butter", "cream", "sage"))
    with p.placed(1112, 524, scale=0.62):
        table.mug(p, body="ink", glaze="paper")


def _style() -> str:
    day = {
        "w": hex_colour(0.345, 0.105, 268),
        "a": hex_colour(0.40, 0.118, 268),
        "t": hex_colour(0.715, 0.095, 45),
        "s": hex_colour(0.60, 0.10, 42),
    }
    dark = {
        "w": hex_colour(0.235, 0.055, 268),
        "a": hex_colour(0.285, 0.068, 268),
        "t": hex_colour(0.45, 0.065, 45),
        "s": hex_colour(0.33, 0.055, 42),
    }
    return day_and_dark(day, dark)
