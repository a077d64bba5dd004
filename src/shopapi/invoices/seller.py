"""Who sells: what the law wants said of the shop on an invoice and in a letter."""

from msgspec import Struct
from sqlalchemy import select

from shopapi.catalog.tables import shop
from shopapi.db.engine import Reader


class Seller(Struct, frozen=True):
    """The shop as its papers name it. ``address`` is one line each; what it has not is ``""``."""

    name: str
    legal_name: str
    address: list[str]
    vat_id: str
    tax_number: str
    email: str
    country: str

    @property
    def called(self) -> str:
        """Its legal name, or the one over the door where it has none yet."""
        return self.legal_name or self.name


def read_seller(c: Reader) -> Seller:
    """Who the shop is today."""
    row = c.execute(select(shop)).one()
    return Seller(
        name=row.name,
        legal_name=row.legal_name,
        address=[line.strip() for line in row.address.splitlines() if line.strip()],
        vat_id=row.vat_id,
        tax_number=row.tax_number,
        email=row.email,
        country=row.country,
    )
