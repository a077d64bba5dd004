"""What grows, and what it grows in."""

import math
from functools import partial
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good
from shopctl.seeds.illustrations.turned import at, number


def flowerpot(p: Drawing, name: Tone, r: float = 66, height: float = 112) -> None:
    """A pot with a rim, full of earth."""
    p.turned([(-height, r), (-8, r * 0.74)], name, smooth=False)
    p.turned([(-height - 6, r + 5), (-height + 18, r + 4)], name, smooth=False)
    p.disc(0, -height - 6, r + 5, tone(name, 0.6))
    p.disc(0, -height - 5, r - 3, tone("walnut", -1.4))


def pilea(p: Drawing, vessel: Tone = "clay") -> None:
    """A Chinese money plant: round leaves on thin stalks."""
    p.shadow(0, -6, 58, 1.2)
    flowerpot(p, vessel)
    leaves = (
        (-92, -196, 27),
        (-58, -262, 30),
        (96, -206, 28),
        (64, -276, 30),
        (6, -316, 32),
        (-24, -214, 28),
        (36, -226, 30),
        (-112, -254, 20),
        (116, -262, 20),
        (4, -168, 24),
    )
    for x, y, _ in leaves:
        p.line(f"M{number(x * 0.12)} -116Q{at(x * 0.2, y * 0.78)} {at(x, y)}", tone("leaf", -0.9), 3.2)
    for i, (x, y, r) in enumerate(leaves):
        p.disc(x, y, r, tone("leaf", (0.5, 0, -0.5)[i % 3]), 1)
        top, foot = at(x + r * 0.1, y - r), at(x + r * 0.1, y + r)
        shade = f"M{top}A{at(r, r)} 0 0 1 {foot}A{at(r * 1.5, r * 1.5)} 0 0 0 {top}Z"
        p.path(shade, tone("leaf", (-0.3, -0.8, -1.2)[i % 3]))
        p.disc(x - r * 0.2, y - r * 0.1, 3, tone("cream"), 1)


def snakeplant(p: Drawing, vessel: Tone = "cream") -> None:
    """A snake plant: five upright blades with pale edges."""
    p.shadow(0, -6, 58, 1.2)
    flowerpot(p, vessel, 64, 104)
    for foot, tip, top, width in (
        (-30, -62, -250, 21),
        (30, 64, -240, 21),
        (-12, -22, -318, 24),
        (16, 26, -352, 25),
        (0, 4, -224, 22),
    ):
        _blade(p, foot, (tip, top), (-0.6, -1.2, -0.7, 0.9, 1.3, 0.6), width, tone("butter", -0.3))
        _blade(p, foot, (tip, top + 12), (-0.4, -0.8, -0.35, 0.55, 0.9, 0.4), width, tone("leaf"))
        _blade(p, foot, (tip, top + 12), (0, 0.1, 0.12, 0.55, 0.9, 0.4), width, tone("leaf", -1))


def _blade(p: Drawing, x: float, tip: tuple[float, float], bulge: tuple[float, ...], width: float, fill: str) -> None:
    """A leaf from the earth to its tip; ``bulge`` has its edge's points in widths, clockwise from the left foot."""
    foot, middle = -108, (-108 + tip[1]) / 2
    a, b, c, d, e, f = (part * width for part in bulge)
    p.path(
        f"M{at(x + a, foot)}C{at(x + b, middle)} {at(tip[0] + c, middle)} {at(*tip)}"
        f"C{at(tip[0] + d, middle)} {at(x + e, middle)} {at(x + f, foot)}Z",
        fill,
    )


def cactus(p: Drawing, vessel: Tone = "ink") -> None:
    """A cactus with two arms, in flower."""
    p.shadow(0, -6, 56, 1.2)
    flowerpot(p, vessel, 60, 96)
    p.line("M-30-176H-66V-220", tone("fern"), 30)
    p.line("M-36-186H-72V-222", tone("fern", 1), 5)
    p.line("M30-214H62V-248", tone("fern", -1), 26)
    p.turned([(-330, 0), (-320.8, 26), (-300.6, 39.9), (-201.4, 42), (-98, 37.8)], "fern")
    p.line("M-5-309V-98", tone("fern", -0.7), 2.4)
    p.line("M21-296.4V-98", tone("fern", -1.7), 2.4)
    for x, y, r in ((0, -334, 15), (-66, -240, 11), (63, -266, 10)):
        _flower(p, x, y, r)


def _flower(p: Drawing, x: float, y: float, r: float, name: Tone = "rose") -> None:
    for angle in range(0, 360, 72):
        dx, dy = math.cos(math.radians(angle - 90)), math.sin(math.radians(angle - 90))
        p.disc(x + dx * r * 0.62, y + dy * r * 0.62, r * 0.62, tone(name, 0.3 if angle < 180 else -0.5), 1)
    p.disc(x, y, r * 0.36, tone("butter"), 1)


def vase(p: Drawing, body: Tone = "rose", stems: Tone = "leaf") -> None:
    """Three twigs in a vase."""
    p.shadow(0, -6, 54, 1.0)
    for bend, lean, top in ((-8, -46, -330), (4, 6, -372), (12, 58, -318)):
        p.line(f"M{at(bend * 0.4, -180)}Q{at(bend, -250)} {at(lean, top)}", tone(stems, -1), 3.5)
        for t in (0.30, 0.46, 0.62, 0.78, 0.94):
            x = (1 - t) ** 2 * bend * 0.4 + 2 * t * (1 - t) * bend + t * t * lean
            y = (1 - t) ** 2 * -180 + 2 * t * (1 - t) * -250 + t * t * top
            p.disc(x - 13, y - 8, 15, tone(stems, 0.5), 0.42, 38 + lean * 0.25)
            p.disc(x + 13, y - 8, 15, tone(stems, -0.45), 0.42, -38 + lean * 0.25)
        p.disc(lean, top - 12, 14, tone(stems, 0.5), 0.42, -84 + lean * 0.4)
    p.turned([(-190, 24), (-168, 20), (-140, 38), (-92, 64), (-46, 62), (-8, 42)], body)
    p.disc(0, -190, 24, tone(body, 1))
    p.disc(0, -189, 18, tone(body, -2))


def planter(p: Drawing, body: Tone = "cream", dip: Tone = "clay", small: Tone = "sage") -> None:
    """Two pots without a plant: a large one, dipped, and a small one before it."""
    p.shadow(0, -14, 96, 0.6)
    rings = [(-256, 106), (-226, 107), (-140, 104), (-60, 92), (-16, 74)]
    p.turned(rings, body)
    p.turned(rings, dip, cut=(2, 5))
    p.disc(0, -256, 106, tone(body, 0.8))
    p.disc(0, -254, 96, tone(body, -1.3))
    p.path("M-92-250A96 16.3 0 0 0 40-239.5A120 40 0 0 1-92-250Z", tone(body, -0.5))
    with p.placed(-84, 8):
        p.shadow(0, -6, 44, 0.7)
        p.turned([(-92, 58), (-66, 58), (-30, 52), (-8, 42)], small)
        p.disc(0, -92, 58, tone(small, 0.8))
        p.disc(0, -91, 51, tone(small, -1.4))


def wateringcan(p: Drawing, body: Tone = "sage", trim: Tone = "amber") -> None:
    """A watering can with a long spout."""
    p.shadow(0, -6, 84, 0.9)
    p.line("M-54-168C-170-196-164-50-72-46", tone(body, -0.5), 14)
    p.line("M-54-171C-164-194-156-56-74-52", tone(body, 0.6), 6)
    p.line("M-52-170C-40-256 44-256 54-170", tone(body, -1), 13)
    p.line("M-52-172C-40-252 34-258 50-196", tone(body, 0.3), 6)
    p.path("M70-20C122-36 128-118 158-196L142-204C114-150 104-96 66-92Z", tone(body, -1))
    p.path("M70-58C112-66 122-134 151-199L142-204C114-150 104-96 66-92Z", tone(body))
    with p.placed(152, -204, turn=28):
        p.turned([(-22, 27), (8, 9)], trim, smooth=False)
        p.disc(0, -22, 27, tone(trim, 0.8), 0.3)
        for x, y in ((-12, -24), (0, -19), (0, -26), (12, -24)):
            p.disc(x, y, 2.2, tone(trim, -2), 0.7)
    p.turned([(-168, 66), (-120, 78), (-60, 86), (-6, 86)], body, smooth=False)
    p.turned([(-26, 86.4), (-12, 86.4)], trim, smooth=False)
    p.disc(0, -168, 66, tone(body, 0.8))
    p.disc(0, -166, 58, tone(body, -1.6))
    p.path("M-66-168A66 11.2 0 0 1 66-168Q30-182-66-168Z", tone(body, 0.2))


def seeds(p: Drawing, front: Tone = "cream", back: Tone = "ink") -> None:
    """Two packets of seed, a sunflower's before the carrots'."""
    p.shadow(6, -3, 104, 0.5)
    with p.placed(52, -8, turn=8):
        _packet(p, back)
        p.path("M-16-168q26-16 52 0q-2 62-26 112q-24-50-26-112Z", tone("clay", 0.4))
        p.path("M18-174q12 0 18 6q-2 62-26 112q14-60 8-118Z", tone("clay", -0.8))
        for x, y in ((-20, -218), (10, -232), (38, -216)):
            p.line(f"M10-172Q10-200 {x} {y}", tone("fern"), 8)
    with p.placed(-40, 4, turn=-4):
        _packet(p, front)
        p.line("M-2-110Q4-70-2-34", tone("leaf"), 7)
        p.path("M0-62q34-34 50-4q-30 20-50 4Z", tone("leaf", -0.6))
        p.path("M0-50q-30-34-48-6q26 20 48 6Z", tone("leaf", 0.4))
        for angle in range(0, 360, 30):
            dx, dy = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            shade = -0.9 if dx > 0.4 else 0.2
            p.disc(-2 + dx * 36, -148 + dy * 36, 19, tone("butter", shade), 0.46, angle)
        p.disc(-2, -148, 25, tone("walnut", -0.6), 1)
        p.disc(-6, -151, 15, tone("walnut", 0.4), 1)


def _packet(p: Drawing, name: Tone) -> None:
    p.box(-80, -270, 168, 270, tone(name, -1), 4)
    p.box(-86, -270, 160, 270, tone(name), 4)
    p.path("M-86-266q0-4 4-4h152q4 0 4 4v22h-160Z", tone(name, -0.5))
    p.box(-86, -246, 160, 4, tone(name, -1.3))
    p.path("M56-242h18V0h-18Z", tone(name, -0.7))


GOODS: Final = {
    "pilea": Good(draw=pilea, x=198),
    "snakeplant": Good(draw=snakeplant, x=198),
    "cactus": Good(draw=cactus, x=198),
    "planter": Good(draw=planter, x=212),
    "planter-ink": Good(draw=partial(planter, body="ink", dip="sky", small="butter"), x=212),
    "wateringcan": Good(draw=wateringcan, x=184, nearer=0.94),
    "vase": Good(draw=vase, nearer=0.94),
    "seeds": Good(draw=seeds, x=188, nearer=0.92),
}
