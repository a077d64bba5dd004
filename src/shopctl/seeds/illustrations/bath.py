"""For washing."""

from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good
from shopctl.seeds.illustrations.turned import at, number


def soap(p: Drawing, bar: Tone = "rose", wrap: Tone = "cream", second: Tone = "sage") -> None:
    """Two bars of soap in their paper bands."""
    p.shadow(0, -4, 118, 0.35)
    _block(p, (-116, 0), (200, 70), second)
    p.box(-58, -70, 84, 70, tone(wrap))
    p.path("M-58-70l26-26h84l-26 26Z", tone(wrap, 1))
    p.disc(-16, -35, 17, tone(second, -0.4), 1)
    _block(p, (-92, -84), (176, 66), bar)
    p.box(-44, -150, 74, 66, tone(wrap))
    p.path("M-44-150l26-26h74l-26 26Z", tone(wrap, 1))
    p.path("M-8-134q-24 30 1 34q25-4-1-34Z", tone(bar, -0.6))


def _block(p: Drawing, corner: tuple[float, float], size: tuple[float, float], name: Tone) -> None:
    """A block from its lower left corner, its top and right side seen."""
    (x, y), (width, height) = corner, size
    p.path(f"M{at(x, y - height)}l26 -26h{number(width)}l-26 26Z", tone(name, 0.9))
    p.path(f"M{at(x + width, y - height)}l26 -26v{number(height)}l-26 26Z", tone(name, -1))
    p.box(x, y - height, width, height, tone(name), 3)


def brush(p: Drawing, wood: Tone = "wood", hair: Tone = "walnut") -> None:
    """A brush for the back, with a loop to hang it by."""
    p.shadow(0, -2, 128, 0.25)
    for i in range(15):
        lean = number((i - 7) * 0.9)
        fill = tone(hair if i % 2 else "cream", -0.2 if i < 10 else -1)
        p.path(f"M{-118 + i * 16} -58h13l{lean} 56h-13Z", fill)
    p.path("M-132-60Q-134-128 0-132Q134-128 132-60Q0-44-132-60Z", tone(wood))
    p.path("M48-129Q134-122 132-60Q92-54 40-52Q62-90 48-129Z", tone(wood, -1))
    p.path("M-118-86Q-96-120-22-124Q-92-112-118-86Z", tone(wood, 1))
    p.line("M-132-92c-26-40-30-76-6-80s30 40 12 70", tone("ink"), 5)


def soapdish(p: Drawing, dish: Tone = "ink", bar: Tone = "butter") -> None:
    """A bar of soap in a dish, with some foam."""
    p.shadow(0, -4, 92, 0.7)
    p.disc(0, -62, 128, tone(dish, 0.7))
    p.disc(0, -60, 120, tone(dish, -1.3))
    p.path("M-88-128q0-22 24-22h126q26 0 26 22v46q0 24-26 26q-62 8-126 0q-24-4-24-26Z", tone(bar))
    p.path("M44-150h18q26 0 26 22v46q0 24-26 26q-10 2-24 2q10-44 6-96Z", tone(bar, -1))
    p.path("M-84-134q4-16 20-16h126q20 0 25 16q-20 12-87 12t-84-12Z", tone(bar, 0.9))
    p.path("M-40-100q40 8 76 0v10q-38 8-76 0Z", tone(bar, -0.7))
    for x, y, r in ((-62, -142, 20), (-36, -158, 26), (-8, -146, 17), (-50, -180, 12), (14, -156, 10)):
        p.disc(x, y, r, tone("paper"), 1)
        p.disc(x + r * 0.2, y + r * 0.2, r * 0.78, tone("sky", 1.5), 1)
        p.disc(x - r * 0.35, y - r * 0.35, r * 0.2, tone("paper", 1), 1)
    p.turned([(-62, 128), (-46, 122), (-22, 92), (-4, 76)], dish)
    p.lip(-62, 128, dish)


def bathsalt(p: Drawing, salt: Tone = "rose", glass: Tone = "steel", wood: Tone = "wood") -> None:
    """A jar of bath salt, its lid and a small scoop of wood."""
    p.shadow(0, -6, 78, 0.9)
    rings = [(-220, 64), (-204, 66), (-186, 80), (-150, 84), (-44, 84), (-8, 74)]
    p.turned(rings, glass, step=1.2)
    p.turned(rings, salt, cut=(3, 6))
    p.disc(0, -150, 84, tone(salt, 1))
    for i, (x, y) in enumerate(((-66, -120), (-34, -114), (-68, -76), (4, -116), (-62, -40), (-20, -26), (14, -28))):
        p.path(f"M{x} {y}l8-5l8 6l-5 9h-9Z", tone(salt, 1 if i % 2 else -0.8))
    p.path("M-44-98h78v50q-39 10-78 2Z", tone("paper"))
    p.path("M-5-90q-24 30 0 34q24-4 0-34Z", tone("sky", -0.4))
    p.turned([(-246, 72), (-216, 72)], wood, smooth=False)
    p.disc(0, -246, 72, tone(wood, 0.9))
    p.turned([(-274, 14), (-266, 20), (-256, 16), (-248, 12)], wood)
    p.shadow(98, 8, 62, 0.3)
    with p.placed(96, 10, turn=-14):
        p.line("M-2-14L78-14", tone("walnut"), 12)
        p.line("M-2-17L78-17", tone("walnut", 1), 5)
        p.path("M-78-32Q-60-40 4-28V-4Q-30 16-62 2Q-78-8-78-32Z", tone("walnut"))
        p.path("M-78-32Q-60-40 4-28Q-30-14-78-32Z", tone(salt, 0.5))


def washcloth(p: Drawing, tones: tuple[Tone, Tone, Tone] = ("sky", "cream", "clay")) -> None:
    """Three rolled face cloths, one on two."""
    p.shadow(0, -4, 122, 0.45)
    for (x, y), name in zip(((-62, -62), (64, -62), (0, -168)), tones, strict=True):
        with p.placed(x, y):
            p.line("M0 0L26-16", tone(name, -1), 124)
            p.disc(0, 0, 62, tone(name), 1)
            p.line("M4 4a9 9 0 0 0-14-10a20 20 0 1 0 34 12a31 31 0 1 0-54 8a42 42 0 0 0 70 12", tone(name, -1.3), 5)
            p.line("M-50-12a51 51 0 0 1 26-34", tone(name, 1), 6)


def tumbler(p: Drawing, body: Tone = "cream", dip: Tone = "sage", brushes: tuple[Tone, Tone] = ("wood", "ink")) -> None:
    """Two tooth brushes in a tumbler."""
    p.shadow(0, -6, 64, 1.0)
    for (x, turn), name in zip(((-22, -13), (24, 15)), brushes, strict=True):
        with p.placed(x, -60, turn=turn):
            p.path("M-6-236q0-8 7-8h4q7 0 7 8V0H-8V-150Z", tone(name))
            p.path("M6-243q6 1 6 7V0H2V-150Z", tone(name, -1))
            for y in range(-236, -184, 10):
                p.box(-24, y, 20, 8, tone("paper" if y % 20 else "sky", 0.2), 2)
    rings = [(-164, 68), (-120, 69), (-76, 68), (-36, 66), (-8, 58)]
    p.turned(rings, body)
    p.turned(rings, dip, cut=(2, 5))
    p.lip(-164, 68, body)


GOODS: Final = {
    "soap": Good(draw=soap, nearer=1.18),
    "brush": Good(draw=brush, nearer=1.06),
    "soapdish": Good(draw=soapdish, nearer=1.04),
    "bathsalt": Good(draw=bathsalt, x=176),
    "washcloth": Good(draw=washcloth, x=194),
    "tumbler": Good(draw=tumbler, nearer=1.08),
}
