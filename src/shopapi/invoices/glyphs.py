"""Which characters of a text no font here has a glyph for."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import typst

_ONE: Final = b'#set document(title: "-")\n#set text(font: "Libertinus Serif")\n#sys.inputs.one'
_MOST: Final = 20
"""Enough to tell the script, and each costs some 3 ms."""


def missing_glyphs(compiler: "typst.Compiler", text: str) -> list[str]:
    """The first of them, as code points (``U+738B``), sorted.

    Typst names only the first that it meets, and only as a fault of PDF/UA: so each is drawn alone.
    """
    import typst

    missing: list[str] = []
    for one in sorted(set(text)):
        if one.isascii() or len(missing) == _MOST:
            continue
        try:
            compiler.compile(_ONE, format="pdf", sys_inputs={"one": one}, pdf_standards="ua-1")
        except typst.TypstError:
            missing.append(f"U+{ord(one):04X}")
    return missing
