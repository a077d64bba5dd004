"""The words of the shop's e-mails in each language."""

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from shopapi.contract.catalog import Locale
from shopapi.contract.orders import EmailKind


class Words(msgspec.Struct, frozen=True):
    """What letters of every kind have in common, and under ``of`` what each kind says."""

    common: dict[str, str]
    legal: dict[str, str]
    of: dict[EmailKind, dict[str, str]]


@cache
def words(locale: Locale) -> Words:
    """The words of a language."""
    said = tomllib.loads(files(__name__).joinpath(f"{locale}.toml").read_text(encoding="utf-8"))
    return msgspec.convert(
        {
            "common": {name: text for name, text in said.items() if isinstance(text, str)},
            "legal": said.pop("legal"),
            "of": {name: texts for name, texts in said.items() if isinstance(texts, dict)},
        },
        Words,
    )
