"""What one writes with and on."""

import math
from functools import partial
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good


def inkwell(p: Drawing, fill: Tone = "ink", pen: Tone = "coal") -> None:
    """A bottle of ink and a pen that leans beside it."""
    p.shadow(0, -6, 84, 0.8)
    p.turned([(-144, 40), (-130, 44), (-118, 78), (-96, 92), (-36, 92), (-8, 80)], fill)
    p.path("M-56-92h84v58q-42 10-84 0Z", tone("cream"))
    p.path("M-14-84q-30 38 0 42q30-4 0-42Z", tone(fill))
    p.turned([(-186, 46), (-142, 47)], "coal", smooth=False)
    p.disc(0, -186, 46, tone("coal", 1.2))
    with p.placed(128, -8, turn=13):
        _pen(p, pen)


def _pen(p: Drawing, body: Tone) -> None:
    """A fountain pen upright on its nib; 272 long."""
    p.box(-9, -272, 20, 212, tone(body), 10)
    p.box(3, -268, 8, 208, tone(body, -1.2), 4)
    p.box(-9, -144, 20, 8, tone("amber"))
    p.box(6, -254, 5, 84, tone("amber", 0.3), 2.5)
    p.path("M-8-60h18l-9 58Z", tone("amber", 0.4))
    p.path("M1-60h9l-9 58Z", tone("amber", -1))


def fountainpen(p: Drawing, body: Tone = "ink", case: Tone = "walnut", lining: Tone = "cream") -> None:
    """A fountain pen in its open case."""
    p.shadow(0, -4, 132, 0.25)
    p.path("M-116-196q0-12 12-12h232q12 0 12 12v150h-256Z", tone(case))
    p.path("M118-208h10q12 0 12 12v150h-22Z", tone(case, -1))
    p.path("M-100-192h220v140h-220Z", tone(lining, -0.9))
    p.path("M-100-192h220l-10 12h-210Z", tone(lining, -1.6))
    p.path("M-142-44l26-28h256l-26 28Z", tone(lining, 0.4))
    p.box(-142, -46, 256, 50, tone(case, 0.2), 4)
    p.path("M114-44l26-28v48l-26 28Z", tone(case, -1.2))
    p.box(-142, -46, 256, 7, tone(case, 1.2))
    p.box(-26, -28, 22, 14, tone("amber", 0.4), 3)
    p.path("M-112-52h220l8-9h-220Z", tone(lining, -1.1))
    with p.placed(-118, -56, turn=85, scale=0.9):
        _pen(p, body)


def notebook(p: Drawing, cover: Tone = "ink", band: Tone = "clay", back: Tone = "rose") -> None:
    """Two notebooks, the front one held by an elastic band."""
    p.shadow(8, -2, 112, 0.45)
    p.path("M-26-292l126 16q10 2 9 12l-30 262l-144-14Z", tone(back))
    p.path("M84-278l16 2q10 2 9 12l-30 262l-16-2Z", tone(back, -1))
    p.box(-104, -250, 172, 252, tone("paper", -1), 6)
    p.box(-104, -250, 166, 252, tone("paper", -0.2), 6)
    p.box(-110, -252, 164, 254, tone(cover), 10)
    p.path("M-100-252h16v254h-16q-10 0-10-10v-234q0-10 10-10Z", tone(cover, -1))
    p.box(-62, -206, 84, 46, tone("cream"), 4)
    p.box(-50, -192, 60, 5, tone(cover), 2.5)
    p.box(-50, -180, 40, 5, tone(cover), 2.5)
    p.box(30, -252, 9, 254, tone(band))
    p.path("M-44 2v14l6-6l6 6v-14Z", tone(band, -1))


def pencils(p: Drawing, cup: Tone = "cream", dip: Tone = "clay") -> None:
    """Five coloured pencils in a cup."""
    p.shadow(0, -6, 58, 1.2)
    stand: tuple[tuple[Tone, float, float], ...] = (
        ("clay", -44, 232),
        ("ink", -20, 276),
        ("butter", 2, 300),
        ("leaf", 24, 268),
        ("rose", 46, 240),
    )
    for name, lean, height in stand:
        turn = math.degrees(math.atan2(lean * 0.8, height - 110))
        with p.placed(lean * 1.35, -height, turn=turn):
            p.box(-9, 0, 18, 170, tone(name))
            p.box(3, 0, 6, 170, tone(name, -1))
            p.path("M-9 0L0-34L9 0q-4-6-6 0q-3-6-6 0q-3-6-6 0Z", tone("wood", 1))
            p.path("M-3.6-20L0-34L3.6-20Z", tone(name, -0.6))
    p.turned([(-142, 60), (-8, 56)], cup, smooth=False)
    p.turned([(-58, 57.4), (-8, 56)], dip, smooth=False)
    p.lip(-142, 60, cup)


def envelopes(p: Drawing, front: Tone = "cream", back: Tone = "sky", seal: Tone = "red") -> None:
    """A sealed letter before another envelope."""
    p.shadow(4, -2, 126, 0.35)
    with p.placed(14, -6, turn=-7):
        p.box(-116, -252, 232, 190, tone("paper", -0.5), 4)
        for y, width in ((-234, 150), (-220, 178), (-206, 120)):
            p.box(-92, y, width, 5, tone("steel", -0.6), 2.5)
        p.box(-122, -196, 246, 190, tone(back), 6)
        p.path("M96-196h22q6 0 6 6v178q0 6-6 6h-22Z", tone(back, -1))
    p.box(-130, -164, 250, 166, tone(front), 6)
    p.path("M-127 0L-5-92L117 0q-2 2-5 2h-233q-4 0-6-2Z", tone(front, -0.5))
    p.path("M120-158V-4L22-76Z", tone(front, -0.9))
    p.path("M-130-160q2-4 6-4h238q4 0 6 4L4-72q-9 6-18 0Z", tone(front, 0.7))
    p.path("M-130-160L-14-72q9 6 18 0L120-160v8L4-60q-9 6-18 0L-130-152Z", tone(front, -1.2))
    p.disc(-5, -76, 25, tone(seal), 1)
    p.path("M3-100a25 25 0 0 1 0 48a30 30 0 0 0 0-48Z", tone(seal, -1))
    p.path("M-5-92q-16 20 0 26q16-6 0-26Z", tone(seal, -1.4))


def calendar(p: Drawing, head: Tone = "clay", mark: Tone = "ink", wood: Tone = "wood") -> None:
    """A calendar for the desk, on its foot of wood."""
    p.shadow(6, -4, 118, 0.45)
    p.path("M84-244L140-24H100Z", tone("walnut", -0.6))
    p.path("M-104-250h188l20 226h-228Z", tone("paper", -1.1))
    p.path("M-110-256h188l20 226h-228Z", tone("paper"))
    p.path("M-110-256h188l5 58h-198Z", tone(head))
    p.path("M44-256h34l5 58h-37Z", tone(head, -1))
    p.box(-78, -236, 88, 10, tone("cream"), 5)
    p.box(-78, -218, 52, 7, tone("cream"), 3.5)
    for row in range(4):
        for column in range(6):
            spread = 1 + row * 0.026
            x, y = (-88 + column * 29) * spread, -176 + row * 33
            p.box(x - 2, y, 19 * spread, 19, tone(mark) if (row, column) == (2, 3) else tone("steel", 1), 4)
    for x in (-82, -34, 14, 62):
        p.line(f"M{x - 8}-244v-14q7-12 14 0v6", tone("steel", -2.4), 4.5)
    p.box(-142, -32, 252, 36, tone(wood), 8)
    p.path("M62-32h40q8 0 8 8v20q0 8-8 8h-40Z", tone(wood, -1))
    p.box(-134, -32, 180, 6, tone(wood, 1), 3)


def giftwrap(p: Drawing, first: Tone = "rose", second: Tone = "ink", dots: Tone = "cream") -> None:
    """Two rolls of paper, dotted and striped."""
    p.shadow(-40, -22, 50, 1.0)
    with p.placed(-44, -18, turn=-4):
        p.turned([(-310, 50), (-6, 50)], first, smooth=False)
        for row in range(7):
            y = -286 + row * 42
            p.disc(-36, y, 7, tone(dots, 0.4), 1.2)
            p.disc(-2, y + 23, 8, tone(dots), 1)
            p.disc(32, y + 3, 7, tone(dots, -1), 1.2)
        _roll_end(p, -310, 50, first)
    p.shadow(54, -4, 50, 1.0)
    with p.placed(54, 0, turn=4):
        p.turned([(-262, 50), (-6, 50)], second, smooth=False)
        for y in range(-236, -20, 44):
            p.turned([(y, 50.2), (y + 13, 50.2)], "butter", smooth=False)
        _roll_end(p, -262, 50, second)


def _roll_end(p: Drawing, y: float, r: float, name: Tone) -> None:
    p.disc(0, y, r, tone("paper"))
    p.disc(1, y + 0.5, r * 0.78, tone(name, 0.4))
    p.disc(2, y + 0.5, r * 0.66, tone("paper", -0.4))
    p.disc(2, y + 1, r * 0.42, tone("coal"))


GOODS: Final = {
    "inkwell": Good(draw=inkwell, x=158, nearer=1.08),
    "ink-sage": Good(draw=partial(inkwell, fill="sage", pen="walnut"), x=158, nearer=1.08),
    "ink-rose": Good(draw=partial(inkwell, fill="rose", pen="plum"), x=158, nearer=1.08),
    "notebook": Good(draw=notebook),
    "notebook-rose": Good(draw=partial(notebook, cover="rose", band="ink", back="sage")),
    "pencils": Good(draw=pencils, nearer=1.08),
    "envelopes": Good(draw=envelopes),
    "fountainpen": Good(draw=fountainpen, nearer=1.08),
    "calendar": Good(draw=calendar),
    "giftwrap": Good(draw=giftwrap),
}
