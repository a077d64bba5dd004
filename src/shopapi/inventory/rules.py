"""What can be refused when stock changes, and the arithmetic of it; no I/O."""

from shopapi.contract.fields import MAX_ITEM_QUANTITY
from shopapi.contract.problems import FieldError
from shopapi.contract.stock import MovementInput
from shopapi.http.problems import ShopError


class NameTaken(ShopError):
    """Another item of this name is in stock."""

    status, code, title = 409, "name_taken", "Name taken"

    def __init__(self, name: str) -> None:
        super().__init__(
            f'Another item is called "{name}". Choose another name.',
            errors=[FieldError("name", "is the name of another item")],
        )


class ReservedStock(ShopError):
    """Open orders have reserved units that the change would take away."""

    status, code, title = 409, "reserved_stock", "Stock is reserved"

    def __init__(self, reserved: int) -> None:
        super().__init__(f"Open orders have reserved {reserved} units; these must stay.", reserved=reserved)


class InsufficientStock(ShopError):
    """There are fewer units than the change would take."""

    status, code, title = 409, "insufficient_stock", "Not enough stock"

    def __init__(self, on_hand: int) -> None:
        super().__init__(f"Only {on_hand} units are on hand.")


class QuantityTooLarge(ShopError):
    """The sum would pass what an item may have."""

    status, code, title = 422, "quantity_too_large", "Quantity too large"

    def __init__(self) -> None:
        super().__init__(
            f"An item may have {MAX_ITEM_QUANTITY:,} units in stock at the most.",
            errors=[FieldError("quantity", f"the sum is over {MAX_ITEM_QUANTITY}")],
        )


class UnknownSku(ShopError):
    """No living variant has this sku."""

    status, code, title = 422, "unknown_sku", "Unknown sku"

    def __init__(self, sku: str) -> None:
        super().__init__(f'No item in stock has the sku "{sku}".', errors=[FieldError("sku", "is the sku of no item")])


class WrongDelta(ShopError):
    """The number of units does not fit the reason of the movement."""

    status, code, title = 422, "wrong_delta", "Wrong number of units"

    def __init__(self, why: str) -> None:
        super().__init__(f"delta {why}.", errors=[FieldError("delta", why)])


def check_movement(movement: MovementInput) -> None:
    """Refuse a movement whose sign does not fit its reason; raises :class:`WrongDelta`."""
    if movement.delta == 0:
        raise WrongDelta("is 0; say how many units came (above 0) or went (below 0)")
    if movement.reason in ("receive", "return") and movement.delta < 0:
        raise WrongDelta(f"is {movement.delta}; a {movement.reason} brings units, so it is above 0")
    if movement.reason == "write_off" and movement.delta > 0:
        raise WrongDelta(f"is {movement.delta}; a write-off takes units, so it is below 0")


def level_after(on_hand: int, reserved: int, delta: int) -> int:
    """Units on hand after a movement; raises what forbids it."""
    after = on_hand + delta
    if after < 0:
        raise InsufficientStock(on_hand)
    if after < reserved:
        raise ReservedStock(reserved)
    if after > MAX_ITEM_QUANTITY:
        raise QuantityTooLarge
    return after
