"""The three secrets of a shop: how they are made, and what makes one that is there unfit for use.

``DATABASE_URL`` always holds the very ``POSTGRES_PASSWORD``: of two that differ the database takes only one. No message
of this module repeats a secret.
"""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from shopapi.runtime.settings import hosts, secret_key
from shopapi.settings import database_url, mail_url

KEY: Final = "SHOP_SECRET_KEY"
PASSWORD: Final = "POSTGRES_PASSWORD"  # noqa: S105 - what it is called, not what it is.
URL: Final = "DATABASE_URL"
MAIL: Final = "SHOP_MAIL_URL"
NAMES: Final = (PASSWORD, URL, KEY)
"""Every secret, the password before the URL that is made of it."""

_KEY_BYTES: Final = 48
_PASSWORD_BYTES: Final = 32
_POD_SECURITY: Final = (("", "restricted"), ("-version", "latest"))
_FORM: Final = "postgresql://user:password@host:5432/shop"


class Unfit(Exception):
    """Secrets that cannot be used; ``problems`` has a sentence for each, without the secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def fresh_secrets(database_host: str = "database") -> dict[str, str]:
    """A new set for a PostgreSQL server at ``database_host`` (port 5432, user and database ``shop``).

    Raises ``ValueError`` where that is no host name.
    """
    return completed({}, database_host)


def completed(known: Mapping[str, str], database_host: str = "database") -> dict[str, str]:
    """``known`` and what it lacks: new where it may be, and the password and its URL each from the other.

    Raises :class:`Unfit` where what is known cannot be used, ``ValueError`` where ``database_host`` is no host name.
    """
    host = _checked_host(database_host)
    if problems := [problem for name, value in known.items() if (problem := _problem(name, value))]:
        raise Unfit(problems)
    held = _password_in(known[URL]) if URL in known else ""
    if PASSWORD in known and URL in known and held != known[PASSWORD]:
        raise Unfit([f"{URL} does not hold the {PASSWORD} that lies beside it."])
    password = known.get(PASSWORD) or held or secrets.token_urlsafe(_PASSWORD_BYTES)
    return {
        PASSWORD: password,
        URL: known.get(URL) or f"postgresql://shop:{quote(password, safe='')}@{host}:5432/shop",
        KEY: known.get(KEY) or fresh_key(),
    }


def fresh_key() -> str:
    """A new ``SHOP_SECRET_KEY``."""
    while True:
        # Once in ten million a key holds a word by chance that the settings take for a placeholder.
        with suppress(ValueError):
            return secret_key(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())


def external_secrets(url: str) -> dict[str, str]:
    """A new set for a database that is there already, at ``url``; its password is nobody's business but the URL's.

    Raises :class:`Unfit` where ``url`` is none of PostgreSQL.
    """
    if problem := _url_problem(url):
        raise Unfit([problem])
    return {URL: url, KEY: fresh_key()}


def with_mail(values: Mapping[str, str], url: str) -> dict[str, str]:
    """``values`` and the mail server's URL, which nobody can make up. Raises :class:`Unfit` where it is none."""
    if not url:
        raise Unfit([f"{MAIL} is empty."])
    try:
        return {**values, MAIL: mail_url(url)}
    except ValueError as error:
        raise Unfit([f"{MAIL} {error}."]) from None


def manifest(values: Mapping[str, str], namespace: str) -> str:
    """A Kubernetes Secret ``shop-secrets`` that holds ``values``, as YAML.

    It is immutable: applied a second time with other values it is refused, where it would lock the shop out of its
    database and end every session.
    """
    head = ("apiVersion: v1", "kind: Secret", "metadata:", "  name: shop-secrets", f"  namespace: {namespace}")
    # What JSON quotes is quoted for YAML as well.
    data = (f"  {name}: {json.dumps(values[name])}" for name in sorted(values))
    return "\n".join((*head, "type: Opaque", "immutable: true", "stringData:", *data))


def namespace_manifest(namespace: str) -> str:
    """The namespace of the Secret as ``shopctl render-k8s`` renders it, as YAML: without it nothing can be put there.

    With fewer labels than that one has, whichever is applied last would take them away.
    """
    head = ("apiVersion: v1", "kind: Namespace", "metadata:", f"  name: {namespace}", "  labels:")
    shop = {"app.kubernetes.io/part-of": "shop", "app.kubernetes.io/managed-by": "shopctl"}
    modes = ("enforce", "audit", "warn")
    pods = {f"pod-security.kubernetes.io/{mode}{more}": value for mode in modes for more, value in _POD_SECURITY}
    return "\n".join((*head, *(f"    {name}: {value}" for name, value in (shop | pods).items())))


def is_namespace(name: str) -> bool:
    """Whether ``name`` can be that of a namespace: an RFC 1123 label."""
    return re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) is not None


def _problem(name: str, value: str) -> str:
    if not value:
        return f"{name} is empty."
    if name == KEY:
        try:
            secret_key(value)
        except ValueError as error:
            return f"{name} {str(error).partition(';')[0]}."
    if name == URL:
        return _url_problem(value) or ("" if _password_in(value) else f"{name} holds no password.")
    return f"{name} has more than one line." if re.search(r"[\x00-\x1f\x7f]", value) else ""


def _url_problem(value: str) -> str:
    try:
        good = database_url(value).startswith("postgresql") and bool(urlsplit(value).hostname)
    except ValueError:
        good = False
    good = good and re.fullmatch(r"[!-~]+", value) is not None  # All else a URL holds percent-encoded.
    return "" if good else f"{URL} is no URL of a PostgreSQL database; write it like {_FORM}."


def _password_in(url: str) -> str:
    return unquote(urlsplit(url).password or "")


def _checked_host(name: str) -> str:
    if len(hosts(name)) != 1 or re.search(r":\d+$", name.partition("]")[2] or name):
        raise ValueError(f'"{name}" is not the name of one host; write database or db.shop.example')
    return name
