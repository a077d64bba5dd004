"""What keeps on a shelf, to eat and to drink."""

import math
from functools import partial
from typing import Final

from shopctl.seeds.illustrations.colour import Tone, tone
from shopctl.seeds.illustrations.drawing import Drawing
from shopctl.seeds.illustrations.stage import Good
from shopctl.seeds.illustrations.turned import SQUASH, at, number


def coffee(p: Drawing, bag: Tone = "plum", label: Tone = "butter") -> None:
    """A bag of coffee beans."""
    p.shadow(0, -6, 82, 0.8)
    p.path("M-84-254L84-254L90-8Q0 16-90-8Z", tone(bag))
    p.path("M44-254L84-254L90-8Q66 0 36 4Z", tone(bag, -1))
    p.path("M-76-254h18L-66-1l-14-4Z", tone(bag, 1))
    p.path("M-88-296h176v42h-176Z", tone(bag, -0.5))
    p.path("M-88-296h176v12h-176Z", tone(bag, 0.8))
    p.box(-74, -276, 10, 14, tone("steel"), 2)
    p.box(66, -276, 10, 14, tone("steel"), 2)
    p.box(-48, -206, 92, 130, tone(label), 4)
    p.disc(-2, -158, 27, tone(bag), 0.72, -32)
    p.line("M-22-146q18 2 20-12t20-12", tone(label), 4)
    p.box(-31, -112, 58, 6, tone(bag), 3)
    p.box(-31, -98, 40, 6, tone(bag), 3)


def tin(p: Drawing, body: Tone = "leaf", lid: Tone = "amber", label: Tone = "cream") -> None:
    """A tin of tea."""
    p.shadow(0, -6, 72, 1.0)
    p.turned([(-196, 74), (-8, 74)], body, smooth=False)
    p.turned([(-150, 74.3), (-52, 74.3)], label, smooth=False)
    p.disc(-14, -92, 25, tone(body, 0.2), 1)
    p.path("M-14-76q-22-14 0-34q22 20 0 34Z", tone(label, 0.5))
    p.turned([(-232, 76), (-196, 77)], lid, smooth=False)
    p.disc(0, -232, 76, tone(lid, 0.9))
    p.disc(0, -232, 62, tone(lid, 0.2))


def honey(p: Drawing, fill: Tone = "amber", lid: Tone = "cream") -> None:
    """A jar of honey."""
    p.shadow(0, -6, 76, 0.8)
    p.turned([(-168, 62), (-146, 80), (-90, 84), (-34, 82), (-8, 68)], fill)
    p.path("M-46-116L-12-134L22-116V-66L-12-48L-46-66Z", tone("paper"))
    for x, y in ((-12, -108), (-26, -83), (2, -83)):
        p.path(f"M{at(x - 12, y - 7)}l12-7l12 7v13l-12 7l-12-7Z", tone(fill, 0.3))
    p.turned([(-204, 68), (-170, 69)], lid, smooth=False)
    p.disc(0, -204, 68, tone(lid, 1))
    p.disc(0, -204, 56, tone(lid, -0.2))


def oil(p: Drawing, glass: Tone = "leaf", label: Tone = "paper") -> None:
    """A bottle of olive oil."""
    p.shadow(0, -6, 50, 1.3)
    p.turned([(-300, 15), (-232, 16), (-206, 34), (-184, 49), (-150, 50), (-8, 50)], glass)
    p.turned([(-150, 50.4), (-54, 50.4)], label, smooth=False)
    p.disc(-8, -106, 15, tone("fern"), 0.62, -35)
    p.disc(-26, -88, 12, tone("fern", -1), 0.62, -35)
    p.line("M-34-72L6-126", tone("walnut"), 3)
    p.turned([(-330, 17), (-292, 18)], "coal", smooth=False)
    p.disc(0, -330, 17, tone("coal", 1.4))


def jam(p: Drawing, fill: Tone = "red", cloth: Tone = "cream", ribbon: Tone = "ink") -> None:
    """A jar of jam under a cap of cloth."""
    p.shadow(0, -6, 74, 0.9)
    p.turned([(-176, 58), (-150, 76), (-96, 79), (-36, 78), (-8, 66)], fill)
    p.path("M-56-126h84v66q-42 12-84 3Z", tone("paper"))
    for x in (-26, -2):
        p.disc(x, -84, 11, tone(fill), 1)
    p.line("M-26-94Q-20-112-10-116Q-2-108-2-94", tone("leaf"), 3)
    p.path("M-10-116q16-8 24 3q-14 6-24-3Z", tone("leaf"))
    p.turned([(-232, 0), (-228, 44), (-212, 62), (-190, 66)], cloth)
    p.path("M-64-192L-84-158q11 10 23 5q13 12 28 6q16 11 33 4q16 7 32-4q15 5 27-6q13 4 25-6L64-192Z", tone(cloth))
    p.path("M22-182L32-147q15 5 27-6q13 4 25-6L64-192Z", tone(cloth, -1))
    for x, y in ((-34, -218), (0, -224), (-16, -204), (22, -208), (-54, -168), (-24, -164), (8, -162), (44, -210)):
        p.disc(x, y, 5, tone("red", -0.4), 0.8)
    p.turned([(-196, 66.5), (-187, 67)], ribbon, smooth=False)


def salt(p: Drawing, grain: Tone = "paper", glass: Tone = "steel", label: Tone = "ink") -> None:
    """A jar of salt with a cork."""
    p.shadow(0, -6, 72, 1.0)
    rings = [(-214, 54), (-198, 56), (-178, 74), (-142, 80), (-40, 80), (-8, 70)]
    p.turned(rings, glass, step=0.9)
    p.turned(rings, grain, cut=(3, 6))
    p.disc(0, -142, 80, tone(grain, 1))
    p.path("M-60-112h88v66q-44 12-88 2Z", tone(label))
    for x, y, r in ((-16, -80, 22), (-38, -64, 12), (8, -62, 13)):
        p.path(f"M{at(x, y - r)}L{at(x + r, y)}L{at(x, y + r)}L{at(x - r, y)}Z", tone(grain))
        p.path(f"M{at(x, y - r)}L{at(x + r, y)}L{at(x, y + r)}Z", tone("sky", 0.6))
    p.disc(0, -214, 54, tone(glass, 2.4))
    p.turned([(-256, 51), (-210, 46)], "wood", smooth=False)
    p.disc(0, -256, 51, tone("wood", 0.9))
    for x, y in ((-20, -258), (12, -254), (-4, -252), (26, -259)):
        p.disc(x, y, 3, tone("wood", -0.8), 0.5)


def pasta(p: Drawing, wheat: Tone = "butter", band: Tone = "ink") -> None:
    """Spaghetti, a sheaf of it in a paper band."""
    p.shadow(0, -6, 66, 1.0)
    p.turned([(-316, 74), (-240, 58), (-160, 50), (-80, 56), (-6, 68)], wheat, step=-0.3)
    for i, top in enumerate((-62, -48, -32, -15, 3, 21, 38, 53, 66)):
        drop = number(-316 + 12.5 * (1 - (top / 74) ** 2) ** 0.5)
        bend = number(top * 0.36)
        foot = at(top * 0.92, -6 + 11.5 * (1 - (top / 74) ** 2) ** 0.5)
        p.line(f"M{top} {drop}C{bend}-190 {bend}-130 {foot}", tone(wheat, (1, -0.9, 0.4)[i % 3] - (top > 30)), 3)
    p.disc(0, -316, 74, tone(wheat, 0.6))
    for i in range(26):  # The ends of the sticks, in a spiral as seeds lie in a sunflower.
        angle, r = i * 2.399963, 13.2 * i**0.5
        p.disc(r * math.cos(angle), -316 + SQUASH * r * math.sin(angle), 4.5, tone(wheat, -1.1 if i % 3 else 1), 0.5)
    p.turned([(-196, 54), (-126, 54)], band, smooth=False)
    p.turned([(-168, 54.3), (-154, 54.3)], "cream", smooth=False)


def chocolate(p: Drawing, wrap: Tone = "plum", label: Tone = "butter", dark: Tone = "walnut") -> None:
    """A bar of chocolate, its wrapper torn open."""
    p.shadow(6, -4, 92, 0.6)
    with p.placed(26, -8, turn=9):
        p.box(-62, -262, 152, 262, tone("sage", -1), 5)
        p.box(-70, -262, 152, 262, tone("sage"), 5)
        p.box(-70, -222, 152, 14, tone("cream"))
    p.box(-78, -318, 138, 200, tone(dark, -2.1), 6)
    for y in (-312, -262, -212):
        for x in (-84, -38, 8):
            p.box(x, y, 42, 44, tone(dark, -0.8), 4)
            p.path(f"M{x + 8} {y + 36}h28v-28l-6 6v16h-16Z", tone(dark, -1.8))
            p.path(f"M{x + 6} {y + 36}v-30h30l-6 6h-18v18Z", tone(dark, 0.4))
    p.path("M-92-226l16 10l14-16l18 18l16-14l20 16l14-18l18 16l20-10v40h-136Z", tone("steel", 1))
    p.path("M26-218l-2-12l20 14l16-8v40h-34Z", tone("steel", -0.4))
    p.path("M-92-206h136V4h-136Z", tone(wrap))
    p.path("M44-206h16l4 0V4h-20Z", tone(wrap, -1.2))
    p.path("M-92-206h20V4h-20Z", tone(wrap, 0.8))
    p.box(-60, -160, 86, 104, tone(label), 4)
    p.path("M-18-144q-34 22-20 56q10 18 28 12q26-20-8-68Z", tone(dark, -0.4))
    p.path("M-18-144q6 34-8 70q-4-30 8-70Z", tone(label, -1))


GOODS: Final = {
    "coffee": Good(draw=coffee),
    "coffee-ink": Good(draw=partial(coffee, bag="ink", label="cream")),
    "tin": Good(draw=tin, x=190, nearer=1.16),
    "tin-butter": Good(draw=partial(tin, body="butter", lid="ink"), x=190, nearer=1.16),
    "honey": Good(draw=honey, nearer=1.3),
    "oil": Good(draw=oil),
    "jam": Good(draw=jam, nearer=1.22),
    "salt": Good(draw=salt, nearer=1.12),
    "pasta": Good(draw=pasta),
    "chocolate": Good(draw=chocolate, x=174),
}
