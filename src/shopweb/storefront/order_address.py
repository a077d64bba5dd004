"""An address as it is written on a parcel."""

from shopapi.contract.carts import Address
from shopweb import locale
from shopweb.visit import Visit


def address_lines(visit: Visit, address: Address) -> list[str]:
    """Its lines; what is not there is left out."""
    place = f"{address.postal_code} {address.city}".strip()
    lines = [address.name, address.company, address.line1, address.line2, place, address.region]
    return [*filter(None, lines), locale.country(address.country, visit.language)]
