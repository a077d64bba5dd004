"""Cloth: folded, hung and filled."""

import math
from functools import partial
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good
from shopctl.seeds.illustrations.turned import SQUASH, at, number


def towels(p: Drawing, tones: tuple[Tone, ...] = ("ink", "cream", "sky", "clay")) -> None:
    """A stack of folded towels, the lowest tone first."""
    p.shadow(0, -4, 122, 0.35)
    for i, name in enumerate(tones):
        width, top = 246 - i * 8, (i + 1) * -49
        left = (3 if i % 2 else -2) - width / 2
        _fold(p, left, top, width, 46, name)
        p.line(f"M{number(left + 26)} {top + 23}H{number(left + width - 2)}", tone(name, -1.5), 2.4)
        p.line(f"M{number(left + 20)} {top + 9}H{number(left + width * 0.5)}", tone(name, 1), 4)
        for k in (0, 14):
            p.box(left + width - 44 + k, top, 6, 46, tone("paper" if name != "cream" else "clay", -0.2))


def _fold(p: Drawing, left: float, top: float, width: float, height: float, name: Tone) -> None:
    """A folded cloth from the side: round at the left, its right third in the shade."""
    r, right = number(height / 2), number(left + width)
    p.path(
        f"M{at(left + height / 2, top)}H{right}v{number(height)}H{number(left + height / 2)}q-{r} 0-{r}-{r}t{r}-{r}Z",
        tone(name),
    )
    p.path(f"M{at(left + width * 0.66, top)}H{right}v{number(height)}H{number(left + width * 0.66)}Z", tone(name, -0.8))


def cushion(p: Drawing, cloth: Tone = "leaf", stripe: Tone = "butter") -> None:
    """A cushion with three stripes."""
    p.shadow(0, -4, 112, 0.5)
    p.path("M-118-232Q0-212 118-232Q98-114 118 4Q0-16-118 4Q-98-114-118-232Z", tone(cloth))
    p.path("M46-221Q84-225 118-232Q98-114 118 4Q84-3 46-7Q66-114 46-221Z", tone(cloth, -1))
    p.path("M-66-222q8 108 0 213h13q8-108 0-213Z", tone(stripe))
    p.path("M-30-222q4 108 0 213h6q4-108 0-213Z", tone(stripe))
    p.path("M-6-222q4 108 0 213h13q4-108 0-213Z", tone(stripe))
    p.path("M-108-226q14 4 20 5q12 90-1 190q-4 12-12 16q6-118-7-211Z", tone(cloth, 0.9))


def teatowel(p: Drawing, cloth: Tone = "cream", stripe: Tone = "red", wood: Tone = "wood") -> None:
    """A tea towel on a rail of wood."""
    p.wall_shadow("M-74-302H100L110-46q-44 8-92 2t-92 2Z")
    p.box(-138, -332, 276, 16, tone(wood), 8)
    p.box(-130, -330, 252, 5, tone(wood, 1), 2.5)
    p.path("M-88-338Q-9-330 84-338L94-116q-40 8-88 2t-88 4Z", tone(cloth, -1))
    p.path("M-96-338q6-6 12-6H76q6 0 8 6L88-62q-44 8-92 2t-92 2Z", tone(cloth))
    p.path("M34-344H76q6 0 8 6L88-62q-24 4-48 4q4-140-6-286Z", tone(cloth, -0.8))
    p.path("M-74-344h20q-6 140 0 286q-16 0-22 1q-6-150 2-287Z", tone(cloth, 1))
    for y, height in ((-136, 16), (-110, 6), (-96, 6)):
        p.path(f"M-96 {y}q48 6 92 2t91-2v{height}q-44 0-90 2t-93-2Z", tone(stripe))
        p.path(f"M40 {y - 1}q24 0 47-1v{height}q-24 0-48 2Z", tone(stripe, -1))
    for x in (-52, 10):
        p.box(x, -344, 5, 281, tone(stripe, -0.2))
    p.box(-142, -338, 12, 28, tone("walnut"), 4)
    p.box(130, -338, 12, 28, tone("walnut", -1), 4)


def tablecloth(p: Drawing, cloth: Tone = "clay", border: Tone = "cream", wood: Tone = "walnut") -> None:
    """A cloth over a round table."""
    p.shadow(0, -6, 66, 1.2)
    p.turned([(-110, 13), (-44, 14), (-22, 30), (-6, 62)], wood)
    for fold, step in enumerate((1, 0.5, 0.15, -0.2, -0.7, -1)):
        left, right = _edge(fold, 128, -244), _edge(fold + 1, 128, -244)
        p.path(f"M{left}L{_hem(fold, -88)}L{right}Z", tone(cloth, step))
        p.path(f"M{right}L{_edge(fold + 0.62, 150, -86)}L{_edge(fold + 1, 148, -88)}Z", tone(cloth, step - 0.7))
        back = f"L{_edge(fold + 1, 147, -103)}Q{_edge(fold + 0.5, 158, -95)} {_edge(fold, 147, -103)}Z"
        p.path(f"M{_hem(fold, -88)}{back}", tone(border, step - 0.4))
    p.disc(0, -244, 128, tone(cloth, 0.8))
    p.disc(0, -244, 112, tone(border))
    p.disc(0, -243, 105, tone(cloth, 0.6))


def _hem(fold: float, y: float) -> str:
    """The lower edge of a fold, which swings out between its ends."""
    return f"{_edge(fold, 148, y)}Q{_edge(fold + 0.5, 160, y + 8)} {_edge(fold + 1, 148, y)}"


def _edge(fold: float, r: float, y: float) -> str:
    """The point where a fold begins, of six around the front of a circle."""
    angle = math.pi * fold / 6
    return at(-r * math.cos(angle), y + SQUASH * r * math.sin(angle))


def apron(p: Drawing, cloth: Tone = "ink", pocket: Tone = "sky", strap: Tone = "wood") -> None:
    """An apron on a peg."""
    shape = "M-46-300Q0-280 46-300Q54-236 104-206L112-44Q0-28-112-44L-104-206Q-54-236-46-300Z"
    p.wall_shadow("M-22-286Q24-266 70-286Q78-222 128-192L136-30Q24-14-88-30L-80-192Q-30-222-22-286Z")
    p.box(-8, -372, 16, 30, tone("walnut"), 6)
    p.line("M-40-296C-34-350-12-356 0-356S34-350 40-296", tone(strap), 9)
    p.line("M-102-196q-30 40-22 128", tone(strap, 0.2), 7)
    p.line("M102-196q34 36 28 118", tone(strap, -0.8), 7)
    p.path(shape, tone(cloth))
    p.path("M20-292Q34-294 46-300Q54-236 104-206L112-44Q84-40 52-38Q58-180 20-292Z", tone(cloth, -1))
    p.path("M-46-300L-34-296Q-46-230-82-198L-92-42L-112-44L-104-206Q-54-236-46-300Z", tone(cloth, 1))
    p.path("M-62-166h116v58q0 14-14 14h-88q-14 0-14-14Z", tone(pocket))
    p.path("M48-166h6v58q0 14-14 14h-2q14-30 10-72Z", tone(pocket, -1))
    p.path("M-62-166h116v12h-116Z", tone(pocket, 0.9))
    p.line("M-4-152v56", tone(pocket, -1), 3)
    p.disc(-38, -290, 4, tone("amber"), 1)
    p.disc(38, -290, 4, tone("amber"), 1)


def blanket(p: Drawing, wool: Tone = "rose", check: Tone = "cream", strap: Tone = "walnut") -> None:
    """A chequered blanket, folded, in a carrying strap of leather."""
    p.shadow(0, -4, 126, 0.35)
    for top in (-86, -172):
        for y in range(top + 12, top + 80, 15):  # The fringe at the open end.
            p.line(f"M120 {y}q14 2 20 9", tone(wool, -1.2 if y % 2 else -0.6), 6)
        _fold(p, -134, top, 258, 86, wool)
        p.line(f"M-110 {top + 14}H-16", tone(wool, 1), 6)
        p.path(f"M-124 {top + 22}H124v12H-128q1-7 4-12Z", tone(check, -0.1))
        p.path(f"M36 {top + 22}H124v12H36Z", tone(check, -1))
        p.box(-128, top + 52, 252, 5, tone("plum", -0.2))
        for x, step in ((-78, 0), (-4, 0), (78, -1)):
            p.box(x, top, 14, 86, tone(check, step - 0.1))
            p.box(x + 22, top, 5, 86, tone("plum", step - 0.2))
        p.line(f"M-106 {top + 41}H122", tone(wool, -1.8), 3)
        p.line(f"M-112 {top + 85}H122", tone(wool, -1.8), 3)
    p.line("M-44-172C-44-244 48-244 48-172", tone(strap, -0.8), 13)
    p.line("M-44-174C-44-240 42-246 46-188", tone(strap, 0.6), 5)
    for x, shade in ((-54, 0.2), (38, -0.6)):
        p.box(x, -174, 20, 176, tone(strap, shade), 3)
        p.box(x - 3, -120, 26, 26, tone("amber", shade + 0.3), 4)
        p.box(x + 4, -113, 12, 12, tone(strap, shade - 0.8))


GOODS: Final = {
    "towels": Good(draw=towels, nearer=1.14),
    "cushion": Good(draw=cushion, nearer=1.18),
    "cushion-ink": Good(draw=partial(cushion, cloth="ink", stripe="cream"), nearer=1.18),
    "cushion-sage": Good(draw=partial(cushion, cloth="sage", stripe="paper"), nearer=1.18),
    "teatowel": Good(draw=teatowel, x=198, lift=36),
    "tablecloth": Good(draw=tablecloth),
    "apron": Good(draw=apron, x=192, nearer=0.96, lift=40),
    "blanket": Good(draw=blanket),
}
