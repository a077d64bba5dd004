"""Lamps, candles, and what lights them."""

from functools import partial
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good


def lamp(p: Drawing, body: Tone = "clay", *, glow: bool = True) -> None:
    """A table lamp in the shape of a mushroom."""
    if glow:
        p.glow(0, -214, 150)
    p.shadow(0, -6, 66, 1.0)
    p.turned([(-22, 66), (-6, 66)], body, smooth=False)
    p.disc(0, -22, 66, tone(body, 0.7))
    p.turned([(-210, 14), (-70, 15), (-40, 20), (-26, 40)], body)
    p.disc(0, -204, 112, tone("butter", 0.9))
    p.disc(0, -207, 104, tone("butter", 0.2))
    p.turned([(-316, 0), (-312, 42), (-288, 86), (-246, 110), (-204, 116)], body)


def pendant(p: Drawing, body: Tone = "ink", inside: Tone = "butter") -> None:
    """A lamp that hangs from the ceiling and lights the table."""
    p.beam("M-118-168L-176 6A176 30 0 0 0 176 6L118-168Z", 0.22)
    p.beam("M-150 2A150 25.5 0 0 0 150 2A150 25.5 0 0 0-150 2Z", 0.4)
    p.box(-2.5, -520, 5, 220, tone("steel", -2))
    p.turned([(-312, 9), (-282, 13)], "amber", smooth=False)
    p.disc(0, -168, 126, tone(inside, 0.9))
    p.disc(0, -171, 117, tone(inside, -0.2))
    p.turned([(-198, 22), (-168, 34), (-146, 24), (-136, 0)], "paper", step=0.3)
    p.turned([(-286, 16), (-276, 58), (-246, 98), (-210, 118), (-168, 126)], body)
    p.lip(-168, 126, inside)


def flame(p: Drawing, y: float, scale: float = 1) -> None:
    """A wick and its flame, from the wick's foot upwards; 90 high."""
    with p.placed(0, y, scale=scale):
        p.line("M0 0v-18", tone("coal"), 4)
        p.path("M0-90C34-48 20-12 0-12S-34-48 0-90Z", tone("amber", 0.4))
        p.path("M0-60C18-38 10-16 0-16S-18-38 0-60Z", tone("butter", 1))


def candle(p: Drawing, wax: Tone = "butter", holder: Tone = "ink") -> None:
    """A candle in a holder that one carries by its ring."""
    p.shadow(0, -6, 84, 0.7)
    p.glow(0, -312, 92, 0.42)
    p.line("M58-34c52-26 66 40 14 34", tone(holder, -1), 11)
    p.turned([(-34, 92), (-20, 86), (-6, 66)], holder)
    p.disc(0, -34, 92, tone(holder, 0.7))
    p.disc(0, -32, 82, tone(holder, -0.5))
    p.turned([(-76, 32), (-40, 36)], holder, smooth=False)
    p.turned([(-258, 25), (-72, 26)], wax, smooth=False)
    p.disc(0, -258, 25, tone(wax, 1))
    p.path("M-25-256q4 34 9 34t8-22q6 14 10-8Z", tone(wax, 0.8))
    flame(p, -258)


def candlestick(p: Drawing, metal: Tone = "amber", wax: tuple[Tone, Tone] = ("rose", "cream")) -> None:
    """Two candlesticks of brass, one taller."""
    with p.placed(-52, -14):
        _candlestick(p, metal, wax[0], 166)
    with p.placed(62, 0):
        _candlestick(p, metal, wax[1], 104)


def _candlestick(p: Drawing, metal: Tone, wax: Tone, stem: float) -> None:
    p.glow(0, -stem - 142, 62, 0.4)
    p.shadow(0, -5, 52, 0.9)
    p.turned([(-stem, 9), (-stem * 0.62, 8), (-stem * 0.5, 17), (-stem * 0.38, 8), (-30, 13), (-18, 38)], metal)
    p.turned([(-20, 50), (-12, 54), (-4, 50)], metal)
    p.path("M-50-20A50 8.5 0 0 1-13-28Q0-20 13-28A50 8.5 0 0 1 50-20A50 8.5 0 0 1-50-20Z", tone(metal, 0.9))
    p.turned([(-stem - 12, 32), (-stem - 6, 30), (-stem + 2, 12)], metal)
    p.disc(0, -stem - 12, 32, tone(metal, 1))
    p.turned([(-stem - 106, 11), (-stem - 12, 13)], wax, smooth=False)
    p.disc(0, -stem - 106, 11, tone(wax, 1))
    flame(p, -stem - 106, 0.62)


def lantern(p: Drawing, frame: Tone = "coal", roof: Tone = "coal") -> None:
    """A lantern of metal and glass, a candle burning in it."""
    p.glow(0, -132, 158, 0.3)
    p.shadow(0, -4, 92, 0.8)
    p.line("M-34-272C-44-352 44-352 34-272", tone(frame, 0.6), 8)
    p.path("M-78-206H78V-24H-78Z", tone("butter", 0.5))
    p.path("M-78-206H-48V-18L-78-24Z", tone("butter", 1))
    p.path("M52-206H78V-24L52-18Z", tone("butter", -0.7))
    p.turned([(-116, 25), (-28, 25)], "cream", smooth=False)
    p.disc(0, -116, 25, tone("cream", 1))
    flame(p, -116, 0.78)
    for x, width, step in ((-82, 9, 0.9), (-52, 9, 0.2), (48, 9, -0.4), (74, 9, -1)):
        p.box(x, -208, width, 188, tone(frame, step))
    p.path("M-92-34L-48-26H48L92-34V-12L50-2H-50L-92-12Z", tone(frame, 0.3))
    p.path("M48-26L92-34V-12L50-2Z", tone(frame, -1))
    p.path("M-92-34L-48-26L-50-2L-92-12Z", tone(frame, 1))
    p.path("M-30-272H30L94-212L50-196H-50L-94-212Z", tone(roof, 0.4))
    p.path("M16-272H30L94-212L50-196Z", tone(roof, -1))
    p.path("M-30-272H-16L-50-196L-94-212Z", tone(roof, 1.3))
    p.turned([(-292, 26), (-268, 30)], roof, smooth=False)
    p.disc(0, -292, 26, tone(roof, 1.4))


def matches(p: Drawing, box: Tone = "ink", heads: Tone = "red", label: Tone = "cream") -> None:
    """A match box, upright and half open."""
    p.shadow(6, -3, 92, 0.6)
    p.path("M-66-290H64V-180H-66Z", tone("wood", -1.2))
    for i in range(7):
        x, top = -60 + i * 17.4, -318 + (i * 5 % 3) * 9
        p.box(x, top, 11, 150, tone("wood", 1))
        p.box(x + 6, top, 5, 150, tone("wood", -0.2))
        p.path(f"M{x - 2:g} {top + 8}q0-22 7.5-22t7.5 22v10q-7.5 5-15 0Z", tone(heads))
        p.path(f"M{x + 7:g} {top - 13}q6 3 6 21v10q-3 2-6 2Z", tone(heads, -1))
    p.box(-72, -262, 136, 90, tone("paper", -0.3))
    p.path("M64-262l26-18v96h-26Z", tone("paper", -1.4))
    p.path("M-80-212L-54-232H98L72-212Z", tone(box, 0.9))
    p.box(-80, -212, 152, 214, tone(box), 3)
    p.path("M72-212l26-20V-18L72 2Z", tone("walnut", -1))
    p.box(-58, -186, 108, 162, tone(label), 5)
    p.disc(-4, -106, 42, tone("butter"), 1)
    p.path("M-4-150C36-110 22-70-4-70S-44-110-4-150Z", tone("clay"))
    p.path("M-4-116C16-98 8-76-4-76S-24-98-4-116Z", tone("butter", 1))


GOODS: Final = {
    "lamp": Good(draw=lamp),
    "lamp-sage": Good(draw=partial(lamp, body="sage")),
    "candle": Good(draw=candle),
    "candle-ink": Good(draw=partial(candle, wax="ink", holder="clay")),
    "lantern": Good(draw=lantern, x=198),
    "pendant": Good(draw=pendant, x=200),
    "candlestick": Good(draw=candlestick),
    "matches": Good(draw=matches, x=194),
}
