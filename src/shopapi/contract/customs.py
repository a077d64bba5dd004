"""Which countries are in the European Union, and where parcels meet customs; no I/O but one file of this package."""

import tomllib
from functools import cache
from importlib.resources import files


def is_in_the_eu(country: str) -> bool:
    """Whether a country, by its ISO 3166 code, counts as part of the European Union."""
    return country in _in_the_eu()


def meets_customs(home: str, country: str) -> bool:
    """Whether a parcel from ``home`` is imported into ``country``: customs duties and import tax may come on top."""
    return country != home and not (is_in_the_eu(home) and is_in_the_eu(country))


@cache
def _in_the_eu() -> frozenset[str]:
    said = tomllib.loads(files("shopapi.contract").joinpath("eu_members.toml").read_text(encoding="utf-8"))
    return frozenset([*said["members"], *said["counted_in"]])
