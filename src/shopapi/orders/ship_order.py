"""What happens when an order leaves: its units go out of the books of stock, and the customer is told."""

from sqlalchemy import Connection, insert, literal, select, update

from shopapi.contract.orders import ShipmentInput
from shopapi.db.types import clock
from shopapi.inventory.movement_store import note
from shopapi.inventory.tables import MAIN_LOCATION, reservation, stock_level
from shopapi.names import public_id
from shopapi.orders.open_withdrawals import still_open
from shopapi.orders.releasing import lock_held
from shopapi.orders.rules import InvalidTransition
from shopapi.orders.tables import sales_order, shipment, shipment_line
from shopapi.payments.store import lock_payment


def ship_order(c: Connection, number: str, parcel: ShipmentInput, *, actor: str) -> None:
    """Everything that was ordered leaves in one parcel, and the order is closed.

    Raises :class:`OrderGone`, and :class:`InvalidTransition` unless it is paid and nothing has left, also where its
    customer has withdrawn, or no money is left of it that is not on its way back.
    """
    order, owed = lock_payment(c, number)
    if owed is not None and owed.captured > 0 and owed.left == 0:
        went = "is on its way back" if owed.refund_pending else "has gone back"
        raise InvalidTransition(f"Its money {went}. Cancel the order instead of shipping it.")
    if order.state != "confirmed" or order.shipping_state != "unshipped":
        raise InvalidTransition(f"An order that is {order.state} and {order.shipping_state} cannot be shipped.")
    if c.execute(select(still_open(literal(order.id), certain=True))).scalar_one():
        raise InvalidTransition("Its customer has withdrawn. Cancel the order, or settle the withdrawal first.")
    name = public_id("shp")
    parcel_id = c.execute(
        insert(shipment)
        .values(public_id=name, order_id=order.id, carrier=parcel.carrier, tracking=parcel.tracking)
        .returning(shipment.c.id)
    ).scalar_one()
    for row in lock_held(c, order):
        c.execute(
            update(stock_level)
            .where(stock_level.c.variant_id == row.id, stock_level.c.location_id == MAIN_LOCATION)
            .values(
                on_hand=stock_level.c.on_hand - row.quantity,
                reserved=stock_level.c.reserved - row.quantity,
                version=stock_level.c.version + 1,
                updated_at=clock(),
            )
        )
        note(c, row.id, -row.quantity, "sell", actor=actor, reference=number)
        c.execute(insert(shipment_line).values(shipment_id=parcel_id, variant_id=row.id, quantity=row.quantity))
    c.execute(
        update(reservation)
        .where(reservation.c.order_id == order.id, reservation.c.state == "committed")
        .values(state="shipped", shipped=reservation.c.quantity)
    )
    c.execute(update(sales_order).where(sales_order.c.id == order.id).values(shipping_state="shipped"))
    order.add_event(c, "shipped", actor=actor, shipment=name, carrier=parcel.carrier, tracking=parcel.tracking)
    order.set_state(c, "closed")
    order.add_event(c, "closed", actor=actor)
