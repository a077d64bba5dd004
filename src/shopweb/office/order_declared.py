"""The withdrawals from an order, as staff see to them: what was said, who may have said it, and what to do now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from shopapi.contract.fields import typed_number
from shopapi.contract.orders import AdminOrder, Withdrawal
from shopapi.contract.standing import can_be_done, cancel_reason, is_given_back, is_paid, to_see_to
from shopweb.office.order_timeline import not_confirmed, settled_words
from shopweb.storefront.order_times import When, when
from shopweb.visit import Visit

_SOON_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True)
class Declared:
    """A withdrawal that was declared; ``words`` name the contract as its customer did, ``again`` says that it repeats
    one that is still open. ``certain`` says whether it is the customer's own, ``doubt`` why it may be somebody else's
    doing, ``todo`` what to do now: nothing where it is ``settled``, which says as what. ``settle`` is where to say so,
    empty where that changes nothing any more, and ``remedy`` what has to happen before that it is done can be said;
    ``assign`` is where to say which order it means. Both are empty for whoever may not."""

    id: str
    name: str
    words: str
    email: str
    at: When
    again: bool
    certain: bool
    doubt: str
    todo: str
    settled: str
    settle: str
    remedy: str
    assign: str


def declared_before(visit: Visit, found: AdminOrder, page: str) -> list[Declared]:
    """The withdrawals that ask for something before the order leaves."""
    return [declared_on(visit, found, one, page) for one in to_see_to(found)]


def customer_withdrew(found: AdminOrder) -> bool:
    """Whether its customer has withdrawn, and there is something to do about it. Another's is a question."""
    return any(one.certain is not False for one in to_see_to(found))


def names_a_part(found: AdminOrder) -> bool:
    """Whether a withdrawal that asks for something says more than an order's number: then not all may be meant."""
    return any(says_more(found, one) for one in to_see_to(found))


def declared_on(visit: Visit, found: AdminOrder, one: Withdrawal, page: str) -> Declared:
    """How one stands, on the ``page`` of the order that it is with."""
    doubt = not_confirmed(visit) if one.certain is False else ""
    todo, settled = _to_do(visit, found, one), settled_words(visit, one.outcome) if one.outcome else ""
    seen_to = bool(settled) or not visit.may("orders:write")
    settle = f"{page}/withdrawals/{one.id}/settle"
    assign = f"/office/withdrawals/{one.id}/assign?{urlencode({'order': found.order.number})}"
    return Declared(
        *(one.id, one.name, one.order_number, one.email, when(visit, one.declared_at), _is_again(found, one)),
        *(bool(one.certain), doubt, todo, settled),
        settle="" if seen_to or _is_over(found) else settle,
        remedy=_remedy(visit, found, one),
        assign="" if seen_to else assign,
    )


def says_more(found: AdminOrder, one: Withdrawal) -> bool:
    """Whether its words are anything but this order's number, such as "TT-7K4M2P, the oil alone"."""
    number = found.order.number
    return typed_number(one.order_number, number.partition("-")[0]) != number


def _is_again(found: AdminOrder, one: Withdrawal) -> bool:
    """Whether the same was declared within a day before, from the same address, and is still to be settled."""
    earlier = found.withdrawals[: found.withdrawals.index(one)]
    said = (one.name, one.order_number, one.email)
    return any(
        before.settled_at is None
        and (before.name, before.order_number, before.email) == said
        and one.declared_at - before.declared_at < _SOON_AFTER
        for before in earlier
    )


def _is_over(found: AdminOrder) -> bool:
    """Whether nothing can come of a withdrawal any more. What the shop gave up by itself, late money may revive."""
    return is_given_back(found) or cancel_reason(found.order) in ("customer", "staff")


def _remedy(visit: Visit, found: AdminOrder, one: Withdrawal) -> str:
    """What has to happen before a withdrawal that is meant is done; nothing where it can be said."""
    _ = visit.gettext
    if can_be_done(found):
        return ""
    if found.payments and not is_paid(found) and says_more(found, one):
        return _(
            "Nothing has come in yet. If all is meant, cancel the order; of a part, refund what is due once it has."
        )
    if not is_paid(found):
        return _("If it is meant, cancel the order: nothing has come in for it.")
    if found.order.can_cancel:
        return _("If it is meant, cancel the order, or refund what is due first: nothing has gone back yet.")
    return _("If it is meant, refund what is due first: nothing has gone back yet.")


def _to_do(visit: Visit, found: AdminOrder, one: Withdrawal) -> str:
    _ = visit.gettext
    if one not in to_see_to(found):
        return ""
    if one.certain is False:
        ask = _("Ask first whether it is meant, at the address in the order, %(email)s.") % {"email": found.order.email}
        wait, gone = (
            _("Do not ship until you know."),
            _("The order has left: if it is meant, the goods come back first."),
        )
        return f"{ask} {wait if found.order.can_cancel else gone}"
    if not found.payments and not found.order.can_cancel:
        return _("The goods come back. Nothing was paid for them.")
    if not found.payments and says_more(found, one):
        return _("Do not ship yet. Read what they withdraw from, and cancel the order if it is all.")
    if says_more(found, one) and found.order.can_cancel:
        return _("Do not ship yet. Read what they withdraw from: refund that part, or cancel the order if it is all.")
    if says_more(found, one):
        return _("Read what they withdraw from: those goods come back first, then refund what was paid for them.")
    if found.order.can_cancel:
        return _("Do not ship. Cancel the order, then what was paid goes back.")
    return _("The goods come back first, then refund what was paid.")
