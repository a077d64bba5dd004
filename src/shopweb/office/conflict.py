"""Two people changed one item: what differs, theirs and yours, for the second one to decide."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopapi.contract.stock import MovementQuery
from shopweb.locale import Moment
from shopweb.office.desk import desk_page
from shopweb.office.standing import Standing
from shopweb.visit import Page, Visit

if TYPE_CHECKING:
    from shopweb.office.item import EditForm


@dataclass(frozen=True)
class Difference:
    """A row of the page. ``mine_first``: this person changed it, so theirs would undo that."""

    field: str
    label: str
    theirs: str
    mine: str
    mine_first: bool


async def conflict_page(visit: Visit, now: Standing, form: "EditForm") -> Page:
    """412: the differing rows, with a choice each."""
    rows = [
        Difference("name", visit.gettext("Name"), now.name, form.name, form.name != form.base_name),
        Difference(
            "quantity", visit.gettext("On hand"), str(now.on_hand), form.quantity, form.quantity != form.base_quantity
        ),
    ]
    who, when = await _who(visit, now, form)
    return desk_page(
        visit,
        "office/conflict.html",
        status=412,
        item=now,
        differing=[row for row in rows if row.theirs != row.mine],
        same=[row for row in rows if row.theirs == row.mine],
        who=who,
        when=when,
        back=form.back,
    )


async def _who(visit: Visit, now: Standing, form: "EditForm") -> tuple[str, Moment | None]:
    # The ledger knows who moved units; nothing says who changed a name.
    if now.level is None or str(now.on_hand) == form.base_quantity:
        return "", None
    ledger = await visit.api.list_movements(now.level.sku, MovementQuery(limit=1))
    if not ledger.data:
        return "", None
    return ledger.data[0].actor, Moment(ledger.data[0].at, visit.now, visit.language)
