"""What goods are drawn with: flat shapes, turned solids, shadows and light."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.turned import SQUASH, Profile, at, number, rings_of, strip

LIGHT: Final = "#ffe9b8"
"""What a flame or a bulb throws on the wall, in part transparent."""


class Drawing:
    """SVG elements in painting order. The origin is the middle of the good's foot; y grows downwards."""

    def __init__(self) -> None:
        """An empty sheet."""
        self.parts: list[str] = []

    def add(self, element: str) -> None:
        """An element as it is."""
        self.parts.append(element)

    def path(self, d: str, fill: str) -> None:
        """A closed, flat shape."""
        self.add(f'<path fill="{fill}" d="{d}"/>')

    def line(self, d: str, stroke: str, width: float) -> None:
        """A rod or a string with round ends; never an outline."""
        self.add(
            f'<path fill="none" stroke="{stroke}" stroke-width="{number(width)}" stroke-linecap="round" '
            f'stroke-linejoin="round" d="{d}"/>'
        )

    def disc(self, x: float, y: float, r: float, fill: str, squash: float = SQUASH, turn: float = 0) -> None:
        """A circle on the table; with ``squash`` 1 one that faces the camera. ``turn`` in degrees."""
        spin = f' transform="rotate({number(turn)} {at(x, y)})"' if turn else ""
        self.add(
            f'<ellipse cx="{number(x)}" cy="{number(y)}" rx="{number(r)}" ry="{number(r * squash)}"'
            f' fill="{fill}"{spin}/>'
        )

    def box(self, x: float, y: float, width: float, height: float, fill: str, r: float = 0) -> None:
        """A rectangle with corners of radius ``r``."""
        corner = f' rx="{number(r)}"' if r else ""
        size = f'width="{number(width)}" height="{number(height)}"'
        self.add(f'<rect x="{number(x)}" y="{number(y)}" {size}{corner} fill="{fill}"/>')

    def shadow(self, x: float, y: float, r: float, reach: float = 0.6) -> None:
        """Where a foot of radius ``r`` stands, and what it casts: to the right and back, ``reach`` radii far."""
        end = x + r * (1 + reach)
        self.add(
            f'<path class="s" d="M{at(x - r * 1.04, y)}A{at(r * 1.04, r * 0.22)} 0 0 0 {at(x, y + r * 0.21)}'
            f"C{at(x + r * 0.8, y + r * 0.24)} {at(end, y + r * 0.1)} {at(end, y - r * 0.08)}"
            f'C{at(end, y - r * 0.24)} {at(x + r * 0.6, y - r * 0.22)} {at(x, y - r * 0.2)}Z"/>'
        )

    def wall_shadow(self, d: str) -> None:
        """What a hanging good casts on the wall behind it."""
        self.add(f'<path class="t" d="{d}"/>')

    def glow(self, x: float, y: float, r: float, strength: float = 0.32) -> None:
        """Light around a flame or a bulb, in two steps."""
        for radius, opacity in ((r, strength), (r * 0.66, strength * 1.15)):
            circle = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
            self.add(f'<circle {circle} fill="{LIGHT}" opacity="{opacity:.2f}"/>')

    def beam(self, d: str, strength: float) -> None:
        """Light that falls through the air or on the table."""
        self.add(f'<path fill="{LIGHT}" opacity="{strength:.2f}" d="{d}"/>')

    def turned(
        self,
        profile: Profile,
        name: Tone,
        *,
        x: float = 0,
        step: float = 0,
        cut: tuple[int, int] | None = None,
        smooth: bool = True,
    ) -> None:
        """A solid of revolution in three bands of light; ``cut`` paints only some of its rings (a glaze)."""
        rings = rings_of(profile, smooth=smooth)
        if cut:
            rings = rings[cut[0] : cut[1]]
        self.path(strip(x, rings, -1, 1), tone(name, step))
        self.path(strip(x, rings, 0.34, 1), tone(name, step - 1))
        self.path(strip(x, rings, -0.80, -0.58), tone(name, step + 1))

    def lip(self, y: float, r: float, name: Tone, *, x: float = 0) -> None:
        """The front half of a rim, over what stands in the vessel."""
        back = number(r * SQUASH * 0.6)
        self.path(
            f"M{at(x - r, y)}A{at(r, r * SQUASH)} 0 0 0 {at(x + r, y)}A{number(r)} {back} 0 0 1 {at(x - r, y)}Z",
            tone(name, 0.8),
        )

    @contextmanager
    def placed(self, x: float = 0, y: float = 0, *, scale: float = 1, turn: float = 0) -> Iterator[None]:
        """Draw around the point ``x``, ``y``, ``turn`` degrees clockwise."""
        moves = f"translate({at(x, y)})" if x or y else ""
        moves += f"rotate({number(turn)})" if turn else ""
        moves += f"scale({scale:g})" if scale != 1 else ""
        self.add(f'<g transform="{moves}">')
        yield
        self.add("</g>")
