"""Deliveries out of the European Union: free of VAT, and the invoice must say why (section 14 (4) no. 8 UStG)."""

from shopapi.contract.customs import is_in_the_eu
from shopapi.invoices.content import Content


def is_taxed(content: Content) -> bool:
    """Whether anything on the paper bears VAT, were it so little that it rounds to nothing."""
    return any(one.rate_bp for one in content.taxes) or any(line.tax_rate_bp for line in content.lines)


def is_export(content: Content) -> bool:
    """Whether the goods left the EU free of VAT (section 4 no. 1 a, section 6 UStG)."""
    return not is_taxed(content) and not is_in_the_eu(content.tax_country)
