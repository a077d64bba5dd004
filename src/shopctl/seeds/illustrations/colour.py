"""The palette: OKLCH triples, so that a tone's lit and shaded sides differ by the same step everywhere."""

import math
from typing import Final, Literal

Tone = Literal[
    "clay", "ink", "cream", "sage", "leaf", "butter", "rose", "wood", "walnut",
    "steel", "coal", "sky", "plum", "paper", "amber", "fern", "red", "lilac",
]  # fmt: skip

TONES: Final[dict[Tone, tuple[float, float, float]]] = {
    "clay": (0.64, 0.125, 43),
    "ink": (0.40, 0.125, 268),
    "cream": (0.93, 0.022, 88),
    "sage": (0.70, 0.055, 155),
    "leaf": (0.55, 0.105, 150),
    "butter": (0.85, 0.125, 88),
    "rose": (0.77, 0.085, 18),
    "wood": (0.74, 0.085, 68),
    "walnut": (0.50, 0.065, 55),
    "steel": (0.80, 0.012, 250),
    "coal": (0.36, 0.022, 265),
    "sky": (0.76, 0.075, 240),
    "plum": (0.50, 0.10, 345),
    "paper": (0.965, 0.008, 95),
    "amber": (0.70, 0.135, 68),
    "fern": (0.64, 0.12, 138),
    "red": (0.60, 0.17, 28),
    "lilac": (0.74, 0.075, 300),
}
"""Lightness (0 to 1), chroma and hue (degrees) of each tone as the light falls straight on it."""


def tone(name: Tone, step: float = 0.0) -> str:
    """A tone as ``#rrggbb``; step -1 is its shaded side, 1 its lit side, other values lie between or beyond."""
    lightness, chroma, hue = TONES[name]
    if step < 0:
        return hex_colour(lightness + 0.095 * step, chroma * 0.94, hue)
    return hex_colour(lightness + min(0.07 * step, 0.985 - lightness), chroma, hue)


def hex_colour(lightness: float, chroma: float, hue: float) -> str:
    """OKLCH as ``#rrggbb`` in sRGB, clipped channel by channel. The matrices are Björn Ottosson's."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return "#" + "".join(f"{_channel(value):02x}" for value in (red, green, blue))


def _channel(linear: float) -> int:
    linear = min(1.0, max(0.0, linear))
    return round(255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055))
