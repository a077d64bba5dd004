"""Solids of revolution as the camera sees them: strips of their surface, as SVG paths."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

SQUASH: Final = 0.17
"""How far a circle on the table is flattened: the camera looks down by about 10 degrees."""

Profile = Sequence[tuple[float, float]]
"""Height and radius from top to foot. Heights are SVG's: the foot is about 0, what is above it is negative."""


class Ring(NamedTuple):
    """One turn of the lathe; ``slope`` is the change of radius by height, nan where the side is straight."""

    y: float
    r: float
    slope: float


def number(value: float) -> str:
    """A coordinate, to a tenth of a unit, as short as it goes."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def at(x: float, y: float) -> str:
    """A point of a path."""
    return f"{number(x)} {number(y)}"


def rings_of(profile: Profile, *, smooth: bool) -> list[Ring]:
    """The profile with its slopes, so that a curve runs through its points."""
    rings = []
    for i, (y, r) in enumerate(profile):
        (y0, r0), (y1, r1) = profile[max(0, i - 1)], profile[min(len(profile) - 1, i + 1)]
        slope = (r1 - r0) / (y1 - y0) if smooth else math.nan
        if i == len(profile) - 1 or r == 0:  # Feet and domes turn in more tightly than their chord.
            slope *= 2.4
        rings.append(Ring(y, r, slope))
    return rings


def strip(x: float, rings: Sequence[Ring], a: float, b: float) -> str:
    """The strip between the fractions ``a`` and ``b`` of the radius, from -1 (left edge) to 1, as a closed path."""
    top, foot = rings[0], rings[-1]
    d = "M" + "".join(_side(x, rings, b))
    if foot.r:
        d += _arc(x, foot, a, sweep=1)
    d += "".join(_side(x, rings[::-1], a)[1:])
    if top.r:
        d += _arc(x, top, b, sweep=0)
    return d + "Z"


def _drop(fraction: float) -> float:
    """How far the front of a circle lies below its middle at that fraction of the radius, in radii."""
    return SQUASH * math.sqrt(max(0.0, 1 - fraction * fraction))


def _side(x: float, rings: Sequence[Ring], fraction: float) -> list[str]:
    drop = _drop(fraction)

    def point(y: float, r: float) -> str:
        return at(x + fraction * r, y + drop * r)

    segments = [point(rings[0].y, rings[0].r)]
    for one, two in pairwise(rings):
        if math.isnan(one.slope):
            segments.append("L" + point(two.y, two.r))
            continue
        third = (two.y - one.y) / 3
        bends = point(one.y + third, one.r + one.slope * third), point(two.y - third, two.r - two.slope * third)
        segments.append(f"C{bends[0]} {bends[1]} {point(two.y, two.r)}")
    return segments


def _arc(x: float, ring: Ring, fraction: float, *, sweep: int) -> str:
    end = at(x + fraction * ring.r, ring.y + _drop(fraction) * ring.r)
    return f"A{number(ring.r)} {number(ring.r * SQUASH)} 0 0 {sweep} {end}"
