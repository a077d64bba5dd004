"""The stage that every good stands on: a wall and a table in its category's hue, bright by day and dim in the dark."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from shopctl.seeds.illustrations.colour import hex_colour
from shopctl.seeds.illustrations.drawing import Drawing

WIDTH: Final = 400
HEIGHT: Final = 500
HORIZON: Final = 352
"""Where the wall meets the table."""
GROUND: Final = 424
"""Where a good's foot stands."""

Stage = Literal["table", "kitchen", "pantry", "paper", "plants", "light", "textile", "bath"]

HUES: Final[dict[Stage, float]] = {
    "table": 255,
    "kitchen": 88,
    "pantry": 52,
    "paper": 15,
    "plants": 152,
    "light": 300,
    "textile": 220,
    "bath": 182,
}


@dataclass(frozen=True, kw_only=True)
class Good:
    """How a good is shown: its drawer, where its foot stands, and how much nearer than others the camera is.

    ``lift`` is how far above the foot of the others it hangs.
    """

    draw: Callable[[Drawing], None]
    x: float = 196
    nearer: float = 1.0
    lift: float = 0

    def on(self, stage: Stage) -> str:
        """The whole picture, as an SVG document."""
        drawing = Drawing()
        # What comes nearer takes its foot a little down the table.
        x, y = WIDTH / 2 + (self.x - WIDTH / 2) * self.nearer, GROUND + (8 if self.nearer > 1 else 0) - self.lift
        with drawing.placed(x, y, scale=self.nearer):
            self.draw(drawing)
        return document(WIDTH, HEIGHT, HORIZON, _style(HUES[stage]), "".join(drawing.parts))


def document(width: int, height: int, horizon: int, style: str, goods: str, behind: str = "") -> str:
    """A wall, what is ``behind`` the table's edge, the table, and the goods on it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<style>{style}</style>"
        f'<path class="w" d="M0 0H{width}V{height}H0z"/>{behind}<path class="t" d="M0 {horizon}H{width}V{height}H0z"/>'
        f"{goods}</svg>"
    )


def day_and_dark(day: dict[str, str], dark: dict[str, str]) -> str:
    """Style rules: the fill of each class by day, and in the dark."""
    rules = ["".join(f".{name}{{fill:{fill}}}" for name, fill in fills.items()) for fills in (day, dark)]
    return f"{rules[0]}@media(prefers-color-scheme:dark){{{rules[1]}}}"


def _style(hue: float) -> str:
    day = {"w": hex_colour(0.925, 0.030, hue), "t": hex_colour(0.855, 0.046, hue), "s": hex_colour(0.745, 0.058, hue)}
    dark = {"w": hex_colour(0.315, 0.030, hue), "t": hex_colour(0.265, 0.028, hue), "s": hex_colour(0.190, 0.024, hue)}
    return day_and_dark(day, dark)
