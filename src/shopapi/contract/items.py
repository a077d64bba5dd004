"""The classic stock interface, ``/items``: a name and a quantity."""

from msgspec import Struct

from shopapi.contract.fields import ItemName, Quantity


class ItemInput(Struct, forbid_unknown_fields=True, frozen=True):
    """What a caller says of an item: its name and a number of units."""

    name: ItemName
    quantity: Quantity


class Item(Struct, frozen=True):
    """An item in stock. ``id`` is its variant's, ``quantity`` the units on hand."""

    id: int
    name: str
    quantity: int
