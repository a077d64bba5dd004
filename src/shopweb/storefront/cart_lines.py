"""The one form of the cart's page: how many units each line shall have, and which button was pressed."""

from dataclasses import dataclass
from typing import Final

from shopapi.contract.carts import MAX_LINE_QUANTITY, Cart
from shopweb.forms import FieldError, Sent, one_line, whole_number
from shopweb.visit import Visit

FIELD: Final = "quantity-"


def shown(cart: Cart) -> str:
    """The quantities that a page shows, which its form sends back: ``mug-1 2,teapot-1 1``."""
    return ",".join(f"{line.sku} {line.quantity}" for line in cart.lines)


@dataclass(frozen=True)
class Wanted:
    """``units`` by sku; ``typed`` is what stands in the fields that hold no quantity, by sku.

    ``removed`` is the sku whose line shall go. ``code`` is what was typed as a voucher, ``redeems`` says that its
    button was pressed; ``goes_on`` that the one to the checkout was. ``refused`` is the code that the page told of.
    """

    units: dict[str, int]
    typed: dict[str, str]
    removed: str
    code: str
    redeems: bool
    goes_on: bool
    refused: str

    @classmethod
    def sent_by(cls, sent: Sent) -> "Wanted":
        """What a form holds: what was typed, and the button that was pressed on top of that.

        A line that stands as the page showed it is left alone: another tab may have changed it.
        """
        step, _, stepped = sent.get("step", "").partition(" ")
        removed = sent.get("remove", "")
        before = dict(pair.split(" ", 1) for pair in sent.get("shown", "").split(",") if " " in pair)
        units: dict[str, int] = {}
        wrong: dict[str, str] = {}
        for name, text in sent.items():
            sku = name.removeprefix(FIELD)
            if sku in (name, removed) or (text.strip() == before.get(sku) and sku != stepped):
                continue
            wanted = _wanted(text, step if sku == stepped else "")
            if wanted is None:
                wrong[sku] = text.strip()
            else:
                units[sku] = wanted
        if removed:
            units[removed] = 0
        code = one_line(sent.get("code", ""))
        return cls(units, wrong, removed, code, "redeem" in sent, "checkout" in sent, one_line(sent.get("refused", "")))

    def errors(self, visit: Visit) -> list[FieldError]:
        """What is wrong with the quantities."""
        message = visit.gettext("A quantity is a whole number from 0 to %(most)s.")
        return [FieldError(FIELD + sku, message % {"most": visit.number(MAX_LINE_QUANTITY)}) for sku in self.typed]


def _wanted(typed: str, step: str) -> int | None:
    units = whole_number(typed)
    if units is None or step not in ("", "-1", "1"):
        return None
    wanted = units + int(step or 0)
    return wanted if 0 <= wanted <= MAX_LINE_QUANTITY else None
