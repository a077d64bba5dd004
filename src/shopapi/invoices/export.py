"""Deliveries out of the European Union: free of VAT, and the invoice must say why (section 14 (4) no. 8 UStG)."""

import tomllib
from functools import cache
from importlib.resources import files

from shopapi.invoices.content import Content


def is_taxed(content: Content) -> bool:
    """Whether anything on the paper bears VAT, were it so little that it rounds to nothing."""
    return any(one.rate_bp for one in content.taxes) or any(line.tax_rate_bp for line in content.lines)


def is_export(content: Content) -> bool:
    """Whether the goods left the EU free of VAT (section 4 no. 1 a, section 6 UStG)."""
    return not is_taxed(content) and content.tax_country not in _in_the_eu()


@cache
def _in_the_eu() -> frozenset[str]:
    said = tomllib.loads(files("shopapi.invoices").joinpath("eu_members.toml").read_text(encoding="utf-8"))
    return frozenset([*said["members"], *said["counted_in"]])
