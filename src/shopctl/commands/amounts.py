"""Money as people type and read it at the command line; the shop's own is whole minor units."""

from typing import TYPE_CHECKING

from shopctl.console import clean, fail

if TYPE_CHECKING:
    from shopapi.contract.catalog import Money


def shown(money: "Money | None") -> str:
    """``€1,234.50``, or nothing where there is no amount."""
    if money is None:
        return ""
    amount = f"{money.amount // 100:,}.{money.amount % 100:02d}"
    return f"€{amount}" if money.currency == "EUR" else f"{amount} {money.currency}"


def typed(option: str, told: str, example: str) -> int:
    """Minor units of an amount such as ``12.90`` or ``12,90``; one that is none ends the command as wrong usage."""
    from shopctl.importers import numbers

    try:
        return numbers.amount(told, comma="," in told and "." not in told)
    except ValueError as error:
        fail(f'{option}: "{clean(told)}" {error}.', example, 2)
