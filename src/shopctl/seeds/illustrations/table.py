"""Tableware."""

from functools import partial
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good
from shopctl.seeds.illustrations.turned import SQUASH, at


def mug(p: Drawing, body: Tone = "clay", glaze: Tone = "cream") -> None:
    """A mug of coffee, its upper half glazed."""
    p.shadow(0, -6, 66, 0.9)
    p.line("M60-112C128-122 122-22 56-40", tone(glaze, -1), 17)
    p.line("M60-115C121-122 116-32 58-44", tone(glaze), 8)
    rings = [(-148, 72), (-120, 73), (-66, 72), (-30, 68), (-8, 58)]
    p.turned(rings, body)
    p.turned(rings, glaze, cut=(0, 3))
    p.disc(0, -148, 72, tone(glaze, 0.6))
    p.disc(0, -146, 65, tone(glaze, -1.4))
    p.disc(0, -142, 58, tone("walnut", -1.1))


def bowls(p: Drawing, tones: tuple[Tone, Tone, Tone] = ("ink", "cream", "clay")) -> None:
    """Three bowls in each other, the lowest tone first."""
    p.shadow(0, -4, 74, 0.8)
    for i, name in enumerate(tones):
        top, r = -70 - i * 44, 112 - i * 7
        p.turned([(top, r), (top + 26, r * 0.93), (top + 50, r * 0.70), (top + 66, r * 0.44)], name)
        p.disc(0, top, r, tone(name, 0.7))
        p.disc(0, top + 2, r - 6, tone(name, -1.3))
    inside = f"A{at(r - 7, (r - 7) * SQUASH)} 0 0 0 {at(r * 0.4, top + r * 0.155)}"
    edge = at(-r + 8, top + 3)
    p.path(f"M{edge}{inside}A{at(r, r * 0.3)} 0 0 1 {edge}Z", tone(tones[-1], -0.5))


def bowl_big(p: Drawing, body: Tone = "clay", glaze: Tone = "cream", wood: Tone = "wood") -> None:
    """A salad bowl with its servers in it."""
    p.shadow(0, -4, 84, 0.9)
    p.disc(0, -142, 140, tone(glaze, 0.7))
    p.disc(0, -139, 132, tone(glaze, -1.3))
    p.path("M-128-134A132 22 0 0 0 60-119A150 52 0 0 1-128-134Z", tone(glaze, -0.4))
    p.line("M-14-120L66-258", tone(wood, -0.8), 12)
    p.path("M56-254L80-240L108-292Q100-316 82-304Z", tone(wood, -0.8))
    p.line("M24-120L-46-276", tone(wood, 0.3), 12)
    p.path("M-61-272L-34-284L-58-330Q-78-338-84-318Z", tone(wood, 0.3))
    p.path("M-46-278L-34-284L-58-330Q-64-334-70-333Z", tone(wood, -0.6))
    rings = [(-142, 140), (-104, 134), (-52, 100), (-16, 58), (-6, 54)]
    p.turned(rings, body)
    p.turned(rings, glaze, cut=(0, 2))
    p.lip(-142, 140, glaze)


def plates(p: Drawing, body: Tone = "cream", glaze: Tone = "ink") -> None:
    """A stack of four plates, and one more that stands behind it."""
    p.shadow(18, -24, 122, 0.3)
    p.disc(18, -158, 128, tone(body), 1)
    p.path("M62-278A128 128 0 0 1 62-38A150 150 0 0 0 62-278Z", tone(body, -1))
    p.disc(18, -158, 110, tone(glaze), 1)
    p.disc(16, -157, 100, tone(body, -0.4), 1)
    p.disc(20, -159, 92, tone(body, 0.2), 1)
    p.shadow(-6, 0, 90, 0.6)
    for i in range(4):
        foot = -4 - i * 17
        name = glaze if i % 2 else body
        p.turned([(foot - 20, 130), (foot - 14, 128), (foot, 84)], name, smooth=False)
        p.disc(0, foot - 20, 130, tone(name, 0.8))
    p.disc(0, -74, 120, tone(glaze, 0.1))
    p.disc(0, -73, 84, tone(glaze, -0.7))
    p.disc(2, -71.5, 80, tone(glaze, 0.3))


def teapot(p: Drawing, body: Tone = "ink", handle: Tone = "wood") -> None:
    """A round pot with a bow of wood."""
    p.shadow(0, -6, 84, 0.9)
    p.line("M-62-150C-60-262 60-262 62-150", tone(handle, -1), 12)
    p.line("M-62-152C-60-259 54-264 60-170", tone(handle), 7)
    p.path("M72-58C128-66 118-120 152-140L134-150C108-138 112-116 70-122Z", tone(body, -1))
    p.path("M72-92C118-98 108-132 141-146L134-150C108-138 112-116 70-122Z", tone(body))
    p.turned([(-150, 44), (-138, 70), (-104, 96), (-66, 99), (-30, 84), (-8, 62)], body)
    p.disc(0, -149, 48, tone(body, -1.9))
    p.turned([(-174, 8), (-168, 30), (-153, 46)], body)
    p.turned([(-190, 5), (-184, 12), (-172, 9)], handle)


def jug(p: Drawing, body: Tone = "cream", dip: Tone = "sky") -> None:
    """A jug, dipped in glaze to its belly."""
    p.shadow(0, -6, 70, 1.0)
    p.line("M44-226C132-240 126-120 70-100", tone(body, -1), 16)
    p.line("M44-229C124-238 118-128 70-105", tone(body), 7)
    rings = [(-256, 46), (-214, 44), (-160, 66), (-104, 80), (-46, 76), (-8, 60)]
    p.path("M-30-262L-66-264C-60-238-50-226-43-218Z", tone(body, 0.6))
    p.turned(rings, body)
    p.turned(rings, dip, cut=(3, 6))
    p.disc(0, -256, 46, tone(body, 1))
    p.path("M-66-264Q-44-269-20-263L-34-251Z", tone(body, 1))
    p.disc(2, -255, 38, tone(body, -1.6))


def espresso(p: Drawing, tones: tuple[Tone, Tone] = ("sage", "rose")) -> None:
    """Two small cups on their saucers."""
    for (x, y), cup in zip(((-64, -40), (44, 0)), tones, strict=True):
        with p.placed(x, y):
            _espresso_cup(p, cup)


def _espresso_cup(p: Drawing, cup: Tone) -> None:
    p.shadow(0, -3, 60, 0.6)
    p.turned([(-16, 76), (-12, 74), (-2, 44)], "cream", smooth=False)
    p.disc(0, -16, 76, tone("cream", 0.8))
    p.disc(0, -15, 56, tone("cream", -0.9))
    p.line("M42-76C78-82 74-36 34-42", tone(cup, -1), 10)
    p.line("M42-78C72-82 70-42 36-45", tone(cup), 4.5)
    p.turned([(-94, 48), (-66, 46), (-36, 36), (-14, 24)], cup)
    p.disc(0, -94, 48, tone(cup, 0.7))
    p.disc(0, -92.5, 43, tone("cream", -0.8))
    p.disc(0, -90, 38, tone("walnut", -0.6))
    p.disc(-4, -91, 26, tone("wood", -0.6))


def carafe(p: Drawing, water: Tone = "sky", glass: Tone = "steel", stopper: Tone = "wood") -> None:
    """A carafe of glass, two thirds full."""
    p.shadow(0, -6, 72, 1.0)
    rings = [(-272, 46), (-240, 32), (-206, 34), (-150, 70), (-88, 92), (-40, 88), (-8, 68)]
    p.turned(rings, glass, step=1.4)
    p.turned(rings, water, step=0.2, cut=(3, 7))
    p.disc(0, -150, 70, tone(water, 1.3))
    p.disc(0, -272, 46, tone(glass, 2.6))
    p.disc(0, -271, 39, tone(glass, 0.3))
    p.turned([(-284, 30), (-268, 30)], stopper, smooth=False)
    p.turned([(-338, 0), (-328, 24), (-308, 31), (-288, 22), (-282, 14)], stopper)


GOODS: Final = {
    "mug": Good(draw=mug, x=194, nearer=1.42),
    "mug-ink": Good(draw=partial(mug, body="ink", glaze="sky"), x=194, nearer=1.42),
    "mug-sage": Good(draw=partial(mug, body="sage", glaze="paper"), x=194, nearer=1.42),
    "mug-butter": Good(draw=partial(mug, body="cream", glaze="butter"), x=194, nearer=1.42),
    "teapot": Good(draw=teapot, x=190, nearer=1.06),
    "teapot-sage": Good(draw=partial(teapot, body="sage", handle="walnut"), x=190, nearer=1.06),
    "jug": Good(draw=jug, x=190, nearer=1.06),
    "bowls": Good(draw=bowls, nearer=1.22),
    "plates": Good(draw=plates, nearer=1.04),
    "plates-sage": Good(draw=partial(plates, body="paper", glaze="sage"), nearer=1.04),
    "espresso": Good(draw=espresso, x=204, nearer=1.16),
    "carafe": Good(draw=carafe),
    "bowl-big": Good(draw=bowl_big),
}
