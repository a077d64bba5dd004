"""What one cooks with."""

from functools import partial
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good
from shopctl.seeds.illustrations.turned import at, number


def pot(p: Drawing, body: Tone = "red", knob: Tone = "butter") -> None:
    """A casserole of cast iron with its lid on."""
    p.shadow(0, -6, 116, 0.5)
    p.line("M-116-108q-34 0-30 20q-2 14 32 10", tone(body, 0.4), 13)
    p.line("M116-108q34 0 30 20q-2 14-32 10", tone(body, -1), 13)
    p.turned([(-130, 122), (-84, 124), (-36, 118), (-8, 100)], body)
    p.turned([(-138, 126), (-124, 126)], body, smooth=False)
    p.turned([(-186, 14), (-178, 60), (-160, 104), (-137, 126)], body)
    p.line("M-126-137A126 21.4 0 0 0 126-137", tone(body, -1.8), 2.5)
    p.turned([(-212, 10), (-204, 20), (-194, 16), (-184, 11)], knob)


def moka(p: Drawing, metal: Tone = "steel", grip: Tone = "coal") -> None:
    """An eight-sided coffee maker for the stove."""
    p.shadow(0, -6, 70, 1.0)
    p.line("M46-236L98-232L86-132", tone(grip), 17)
    p.line("M48-240L94-236", tone(grip, 1.2), 5)
    p.path("M-50-246L-86-250L-52-208Z", tone(metal, 0.4))
    facets(p, metal, (-246, 56), (-134, 48))
    facets(p, metal, (-112, 50), (-8, 70))
    p.turned([(-138, 52), (-112, 54)], metal, smooth=False)
    p.path("M-56-246L-25-254L25-254L56-246L22-237L-25-237Z", tone(metal, 1))
    p.turned([(-270, 13), (-264, 15), (-250, 9)], grip)
    p.disc(-32, -62, 6, tone("amber"), 1)


def facets(p: Drawing, name: Tone, top: tuple[float, float], foot: tuple[float, float]) -> None:
    """The three sides that are seen of an eight-sided body; ``top`` and ``foot`` are height and radius."""
    (y0, r0), (y1, r1) = top, foot
    for a, b, step in ((-1, -0.44, 0.9), (-0.44, 0.40, 0), (0.40, 1, -1)):
        near, far = (0 if abs(a) == 1 else 0.15), (0 if abs(b) == 1 else 0.15)
        p.path(
            f"M{at(a * r0, y0 + near * r0)}L{at(b * r0, y0 + far * r0)}"
            f"L{at(b * r1, y1 + far * r1)}L{at(a * r1, y1 + near * r1)}Z",
            tone(name, step),
        )


def board(p: Drawing, wood: Tone = "wood", second: Tone = "walnut") -> None:
    """Two cutting boards that lean on each other."""
    p.shadow(10, -4, 104, 0.5)
    p.path("M-8-312h62q14 0 14 14v40h-90v-40q0-14 14-14Z", tone(second, -0.6))
    p.box(-44, -262, 150, 262, tone(second, -1), 22)
    p.box(-50, -262, 150, 262, tone(second), 22)
    p.disc(28, -286, 10, tone("coal"), 1)
    p.box(-92, -208, 150, 212, tone(wood, -1), 18)
    p.box(-100, -208, 150, 212, tone(wood), 18)
    for i, (y, bend) in enumerate(((-172, 8), (-134, -6), (-96, 10), (-58, -4))):
        p.line(f"M-84 {y}q48 {bend} 118 0", tone(wood, -0.45 if i % 2 else 0.6), 3)
    p.disc(-78, -184, 8, tone(wood, -2), 1)


def tools(p: Drawing, crock: Tone = "cream", wood: Tone = "wood") -> None:
    """Spoon, spatula and scraper in a crock."""
    p.shadow(0, -6, 64, 1.0)
    p.line("M-14-120L-48-256", tone(wood, -0.7), 11)
    p.disc(-58, -290, 40, tone(wood, -0.7), 0.62, 76)
    p.disc(-61, -290, 28, tone(wood, -1.5), 0.58, 76)
    p.line("M20-120L56-250", tone("walnut"), 11)
    p.path("M40-246l30 8l26-84q-20-24-44-8Z", tone("walnut"))
    p.path("M58-241l12 3l26-84q-6-8-15-11Z", tone("walnut", -1))
    p.line("M2-120L4-262", tone(wood, 0.3), 11)
    p.path("M-18-262q-6-88 22-92q28 4 22 92q-22 12-44 0Z", tone(wood, 0.3))
    p.path("M6-256V-353q26 8 20 91q-9 6-20 6Z", tone(wood, -0.6))
    p.turned([(-150, 66), (-100, 68), (-50, 67), (-8, 60)], crock)
    p.lip(-150, 66, crock)
    p.turned([(-96, 68), (-82, 68)], "ink", smooth=False)


def skillet(p: Drawing, iron: Tone = "coal", grip: Tone = "wood") -> None:
    """A pan of iron with an egg in it."""
    p.shadow(0, -5, 104, 0.5)
    p.path("M96-70L132-84L138-66L102-46Z", tone(iron, 1))
    p.line("M140-78L214-104", tone(grip, -0.8), 20)
    p.line("M139-81L213-107", tone(grip, 0.2), 10)
    p.disc(212, -105, 4, tone(iron), 1)
    p.turned([(-62, 122), (-44, 120), (-8, 98)], iron)
    p.disc(0, -62, 122, tone(iron, 1.4))
    p.disc(0, -60, 114, tone(iron, -0.9))
    p.disc(2, -54, 98, tone(iron, 0.2))
    p.path("M-74-55Q-62-71-22-67Q14-75 40-65Q74-63 66-52Q48-41 12-44Q-28-37-50-45Q-78-46-74-55Z", tone("paper"))
    p.path("M66-52Q48-41 12-44Q-28-37-50-45Q-60-46-66-48Q-30-44 0-49Q44-46 66-52Z", tone("paper", -1))
    p.turned([(-69, 4), (-67, 16), (-58, 25)], "amber", x=-4)


def mill(p: Drawing, pepper: Tone = "walnut", salt: Tone = "wood") -> None:
    """Mills for pepper, the tall one, and salt."""
    with p.placed(-46, -18):
        _mill(p, pepper, 1.04)
    with p.placed(50, 0):
        _mill(p, salt, 0.8)


def _mill(p: Drawing, wood: Tone, scale: float) -> None:
    p.shadow(0, -6, 46 * scale, 1.2)
    with p.placed(scale=scale):
        p.turned([(-226, 34), (-196, 40), (-140, 25), (-84, 34), (-34, 46), (-6, 44)], wood)
        p.turned([(-34, 46.5), (-24, 46.5)], "steel", smooth=False)
        p.turned([(-240, 24), (-224, 26)], "steel", smooth=False)
        p.turned([(-300, 12), (-290, 30), (-268, 39), (-248, 33), (-238, 26)], wood)
        p.turned([(-318, 6), (-312, 11), (-304, 11), (-298, 7)], "steel")


def dripper(p: Drawing, body: Tone = "cream", glass: Tone = "steel") -> None:
    """A ceramic coffee dripper with its filter, on a small jug that fills."""
    p.shadow(0, -6, 74, 0.9)
    p.line("M62-128C124-132 120-34 70-40", tone(glass, -0.2), 13)
    p.line("M62-131C118-132 114-42 72-44", tone(glass, 1.4), 6)
    rings = [(-150, 58), (-128, 64), (-78, 78), (-36, 80), (-8, 66)]
    p.turned(rings, glass, step=1.2)
    p.turned(rings, "walnut", cut=(2, 5))
    p.disc(0, -78, 78, tone("walnut", 1))
    p.line("M74-232C124-240 122-182 52-180", tone(body, -1), 13)
    p.line("M74-235C118-240 116-188 54-184", tone(body), 6)
    p.turned([(-160, 82), (-150, 80)], body, smooth=False)
    p.disc(0, -160, 82, tone(body, 0.7))
    p.disc(4, -158, 52, tone(body, -1.2))
    p.turned([(-262, 98), (-230, 86), (-162, 40)], body, smooth=False)
    p.disc(0, -262, 98, tone(body, 0.7))
    p.disc(0, -260, 90, tone(body, -1.2))
    p.disc(0, -259, 86, tone("paper"))
    p.disc(0, -255, 68, tone("walnut", -0.9))


def whisk(p: Drawing, bowl: Tone = "ink", metal: Tone = "steel", wood: Tone = "wood") -> None:
    """A whisk in a bowl of batter."""
    p.shadow(0, -4, 72, 0.9)
    p.disc(0, -112, 116, tone(bowl, 0.7))
    p.disc(0, -110, 108, tone(bowl, -1.3))
    p.disc(0, -102, 97, tone("butter"))
    p.disc(-8, -99, 64, tone("butter", 1))
    with p.placed(14, -96, turn=24):
        for reach, step in ((58, -1.6), (-58, 0.6), (34, -1), (-34, 0.3), (10, -0.5), (-12, 1)):
            p.line(f"M0-150C{number(reach * 0.3)}-120 {reach}-84 {number(reach * 0.9)}-16", tone(metal, step), 4.5)
        p.turned([(-186, 10), (-146, 8)], metal, smooth=False)
        p.turned([(-298, 7), (-288, 12), (-236, 14), (-186, 11)], wood)
    p.turned([(-112, 116), (-80, 110), (-38, 80), (-14, 52), (-4, 48)], bowl)
    p.lip(-112, 116, bowl)


GOODS: Final = {
    "pot": Good(draw=pot, nearer=1.04),
    "pot-ink": Good(draw=partial(pot, body="ink", knob="amber"), nearer=1.04),
    "moka": Good(draw=moka, x=194, nearer=1.06),
    "board": Good(draw=board, x=190),
    "tools": Good(draw=tools),
    "skillet": Good(draw=skillet, x=154, nearer=0.94),
    "mill": Good(draw=mill, x=198),
    "dripper": Good(draw=dripper, x=190),
    "whisk": Good(draw=whisk, x=192),
}
