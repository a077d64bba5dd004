"""Recording a movement: units that come or go, with a reason and a reference."""

from typing import Final, Literal, get_args

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.client import ProblemError
from shopapi.contract.fields import MAX_ITEM_QUANTITY
from shopapi.contract.stock import MovementInput
from shopweb.forms import FieldError, NotAsWritten, key_of, new_key, one_line, signed_number
from shopweb.office.item import MovementForm, item_page
from shopweb.office.refusals import refused
from shopweb.office.standing import item_standing, wanted_item
from shopweb.session import Note
from shopweb.visit import Page, Visit

Reason = Literal["receive", "correct", "return", "write_off"]
_REASONS: Final[dict[str, Reason]] = {reason: reason for reason in get_args(Reason)}
MAX_REFERENCE: Final = 200


@get("/office/stock/{item:str}/movements")
async def show_movements(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """They are on the item's page; this is where a browser lands that reloads a form it sent."""
    return visit.redirect(f"/office/stock/{wanted_item(item)}")


@post("/office/stock/{item:str}/movements")
async def record_movement(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """Record it, and say so on the item's page."""
    visit.require_staff()
    item_id = wanted_item(item)
    sent = await visit.read_form()
    key, reason = key_of(sent), _REASONS.get(sent.get("reason", ""))
    if reason is None:
        raise NotAsWritten
    standing = await item_standing(visit, item_id)
    if standing.level is None:
        raise NotFoundException
    reference = one_line(sent.get("reference", ""))
    delta, errors = _delta(visit, reason, sent.get("units", ""))
    if len(reference) > MAX_REFERENCE:
        message = visit.gettext("A reference is one line of at most 200 characters.")
        errors = [*errors, FieldError("reference", message)]
    if not errors:
        try:
            movement = MovementInput(standing.level.sku, delta, reason, reference)
            done = await visit.api.record_movement(movement, key=key)
            note = Note("moved", done.level.name, done.movement.delta)
            return visit.redirect(f"/office/stock/{item_id}", note=note)
        except ProblemError as error:
            if error.problem.code == "unknown_sku":  # Deleted since it was looked up.
                raise NotFoundException from error
            errors = refused(visit, error, quantity_field="units")
    form = MovementForm(reason, sent.get("units", ""), sent.get("reference", ""), new_key())
    return await item_page(visit, item_id, movement=form, errors=errors, status=422)


def _delta(visit: Visit, reason: Reason, text: str) -> tuple[int, list[FieldError]]:
    units = signed_number(text)
    if not units or (units < 0 and reason in ("receive", "return")):
        message = visit.gettext("Units are a whole number from 1 to %(most)s; only a correction may have a minus.")
        return 0, [FieldError("units", message % {"most": visit.number(MAX_ITEM_QUANTITY)})]
    return (-abs(units) if reason == "write_off" else units), []
