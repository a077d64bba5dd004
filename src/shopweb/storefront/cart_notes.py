"""What the next page says about the cart, in the visitor's language."""

from dataclasses import dataclass
from typing import Final

from shopapi.client import ProblemError
from shopapi.contract.carts import MAX_LINE_QUANTITY, MAX_LINES
from shopweb.session import Note, Undo
from shopweb.storefront.payment_failure import failure_words
from shopweb.visit import Visit

LESS: Final = "less"
"""Says of a note that its line got as many units as there are; ``name`` is the sku."""


@dataclass(frozen=True)
class SpokenNote:
    """A note in words; ``leads_to_cart`` is said with a link, ``undo`` with a button that puts units of a sku back, or
    takes ``code`` out of the cart for the one before it."""

    text: str
    warns: bool = True
    leads_to_cart: bool = False
    undo: Undo | None = None
    code: str = ""


def spoken(visit: Visit) -> SpokenNote | None:
    """The note that was left for this page, said once; what is about one line is said there."""
    return said(visit, visit.note) if visit.note and visit.note.says != LESS else None


def said(visit: Visit, note: Note) -> SpokenNote:
    """``note`` in words."""
    _ = visit.gettext
    words = {"name": note.name, "count": visit.number(note.count), "most": visit.number(MAX_LINE_QUANTITY)}
    match note.says:
        case "in_cart":
            return SpokenNote(_in_cart(visit, note) % words, warns=False, leads_to_cart=True)
        case "short":
            text = visit.ngettext(
                "Only %(count)s is left, so nothing was added.",
                "Only %(count)s are left, so nothing was added.",
                note.count,
            )
            return SpokenNote(text % words, leads_to_cart=True)
        case "sold_out":
            return SpokenNote(_("There is none left, so nothing was added."))
        case "not_for_sale":
            return SpokenNote(_("This is not for sale any more."))
        case "quantity":
            return SpokenNote(_("A quantity is a whole number from 1 to %(most)s.") % words)
        case "full":
            text = _("A cart holds at most %(lines)s different things, and %(most)s of each.")
            return SpokenNote(text % {**words, "lines": MAX_LINES}, leads_to_cart=True)
        case "too_often":
            return SpokenNote(_("There were too many tries. Wait a minute, then try again."))
        case "changed":
            before, _line, now = note.name.partition("\n")
            return SpokenNote(total_changed(visit, before, now))
        case "code_stays":
            before, _line, code = note.name.partition("\n")
            text = _("%(before)s cannot be redeemed any more, so %(code)s stays.")
            return SpokenNote(text % {"before": before, "code": code})
        case "code_gone":
            before, _line, code = note.name.partition("\n")
            text = _(
                "%(code)s is out of the cart, and %(before)s could not be put in just now. Enter one of them again."
            )
            return SpokenNote(text % {"before": before, "code": code})
        case "again":
            return SpokenNote(_("The goods of your order are in the cart again."), warns=False)
        case "emptied":
            return SpokenNote(_("What was in the cart cannot be had any more, so nothing was ordered."))
        case "adjusted":
            return SpokenNote(_("Some goods cannot be had as before, so the cart has changed."), leads_to_cart=True)
        case "kept":
            return SpokenNote(_("Nothing is in the cart by now. What you typed is kept."))
        case "removed":
            return SpokenNote(_("%(name)s is out of the cart.") % words, warns=False, undo=note.undo)
        case "redeemed":
            return SpokenNote(_redeemed(visit, note), warns=False, undo=note.undo, code=note.name)
        case "ordered" if note.name:
            return SpokenNote(_("This cart was ordered already: it is your order %(name)s.") % words)
        case "declined":
            return SpokenNote(failure_words(visit, ""))
        case "given_up":
            return SpokenNote(
                _("The order was given up while it was being paid. If anything was charged, it goes back.")
            )
        case "busy":
            return SpokenNote(_("The payment service cannot be reached just now. Nothing was charged. Try again soon."))
        case "no_provider":
            return SpokenNote(_("This way to pay is not offered any more. Choose another."))
        case _:
            return SpokenNote(_("This cart was ordered already."))


def total_changed(visit: Visit, before: str, now: str) -> str:
    """That nothing was ordered, because the total is another one by now."""
    text = visit.gettext("Nothing was ordered: the total has changed. It was %(before)s, now it is %(now)s.")
    return text % {"before": before, "now": now}


def refusal(error: ProblemError, sku: str) -> Note | None:
    """Why the API adds nothing of ``sku``; ``None`` where that is no matter of the goods."""
    match error.problem.code:
        case "insufficient_stock":
            left = (error.problem.left or {}).get(sku, 0)
            return Note("short", count=left) if left else Note("sold_out")
        case "not_for_sale":
            return Note("not_for_sale")
        case "cart_full":
            return Note("full")
    return None


def _in_cart(visit: Visit, note: Note) -> str:
    return visit.ngettext("%(name)s is in the cart.", "%(count)s × %(name)s are in the cart.", note.count)


def _redeemed(visit: Visit, note: Note) -> str:
    if note.undo and note.undo.name:
        words = visit.gettext("The code %(code)s is redeemed, instead of %(before)s.")
        return words % {"code": note.name, "before": note.undo.name}
    return visit.gettext("The code %(code)s is redeemed.") % {"code": note.name}
