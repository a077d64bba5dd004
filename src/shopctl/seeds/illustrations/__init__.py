"""The pictures of the demo shop's goods: one camera, one light, one palette, the same bytes each time.

A good is built from turned solids (a profile in three bands of light) and flat shapes with one shaded side. A drawer
takes the sheet and its tones, so that a variant is the same drawer in other tones.
"""

from collections.abc import Mapping
from typing import Final

from shopapi.catalog.records import Picture
from shopctl.seeds.illustrations import bath, kitchen, light, pantry, paper, plants, stage, still_life, table, textile
from shopctl.seeds.illustrations.stage import Good, Stage

__all__ = ["NAMES", "STILL_LIFE", "draw"]

STILL_LIFE: Final = "still-life"

_SHELVES: Final[Mapping[Stage, Mapping[str, Good]]] = {
    "table": table.GOODS,
    "kitchen": kitchen.GOODS,
    "pantry": pantry.GOODS,
    "paper": paper.GOODS,
    "plants": plants.GOODS,
    "light": light.GOODS,
    "textile": textile.GOODS,
    "bath": bath.GOODS,
}
_STAGES: Final = {name: on for on, goods in _SHELVES.items() for name in goods}

NAMES: Final = (*(name for goods in _SHELVES.values() for name in goods), STILL_LIFE)
"""Every picture there is: the goods by category, then the home page's still life."""


def draw(name: str) -> Picture:
    """The picture of that name as SVG, 400 by 500; the still life is 1280 by 560. A ``KeyError`` for other names."""
    if name == STILL_LIFE:
        return _picture(still_life.still_life(), still_life.WIDTH, still_life.HEIGHT)
    on = _STAGES[name]
    return _picture(_SHELVES[on][name].on(on), stage.WIDTH, stage.HEIGHT)


def _picture(svg: str, width: int, height: int) -> Picture:
    return Picture(kind="svg", width=width, height=height, content=svg.encode())
