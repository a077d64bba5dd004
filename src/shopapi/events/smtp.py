"""Handing e-mails to a mail server by SMTP."""

import smtplib
import ssl
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from sqlalchemy import Row

from shopapi.events.emails import one_line, opened
from shopapi.orders.rules import access_token
from shopapi.runtime.settings import is_loopback

TIMEOUT_S: Final = 10.0
"""So long the mail server may take over each answer."""


class Undeliverable(Exception):
    """The mail server will never take this e-mail: to try again is of no use."""


class Sender(Struct, frozen=True):
    """Whom an e-mail is from. ``host`` is the shop's, for the names of its messages; of ``secret_key`` come the secrets
    that open orders, which are put in as late as here."""

    name: str
    address: str
    host: str
    secret_key: str


def connect(url: str) -> smtplib.SMTP:
    """A connection to the server at an ``smtp://`` or ``smtps://`` URL; raises ``OSError`` or ``SMTPException``.

    STARTTLS is used where the server offers it, with a certificate that is checked. A password is never sent in the
    clear to another machine.
    """
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_S)
    try:
        _make_ready(server, host, unquote(parts.username or ""), unquote(parts.password or ""), context)
    except BaseException:
        server.close()
        raise
    return server


def _make_ready(server: smtplib.SMTP, host: str, user: str, password: str, context: ssl.SSLContext) -> None:
    server.ehlo_or_helo_if_needed()
    is_secret = isinstance(server, smtplib.SMTP_SSL)
    if not is_secret and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
        is_secret = True
    if user:
        if not is_secret and not is_loopback(host):
            raise smtplib.SMTPException(
                f"{host} offers no STARTTLS, and the password of SHOP_MAIL_URL is not sent in the clear; use smtps://"
            )
        server.login(user, password)


def message_of(row: Row[Any], sender: Sender) -> EmailMessage:
    """A row of ``email_message`` as it goes out; raises :class:`Undeliverable` where its address is none.

    ``Message-ID`` comes from the row, so that a repeat after a crash is recognised as the same e-mail.
    """
    message = EmailMessage()
    message["From"] = Address(one_line(sender.name), addr_spec=sender.address)
    message["To"] = _address(row.recipient)
    message["Subject"] = one_line(row.subject)
    message["Date"] = format_datetime(row.created_at)
    message["Message-ID"] = f"<{row.public_id}@{sender.host}>"
    # Out-of-office answers to a shop help nobody (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    token = access_token(row.order_number, sender.secret_key) if row.order_number else ""
    message.set_content(opened(row.text, token))
    message.add_alternative(opened(row.html, token), subtype="html")
    message["Content-Language"] = row.locale  # Set before, it would be taken for the text's own.
    return message


def hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Give one e-mail to the server; raises :class:`Undeliverable`, ``SMTPException`` or ``OSError``."""
    to = message["To"].addresses[0].addr_spec
    try:
        server.send_message(message, to_addrs=[to])
    except smtplib.SMTPRecipientsRefused as error:
        code, words = error.recipients[to]
        _refused(code, words, error)
    except smtplib.SMTPDataError as error:
        _refused(error.smtp_code, error.smtp_error, error)
    except smtplib.SMTPNotSupportedError as error:
        raise Undeliverable(str(error)) from error


def sender_of(mail_from: str, shop_name: str, shop_email: str, host: str, secret_key: str) -> Sender | None:
    """Whom e-mails are from: SHOP_MAIL_FROM, ``Name <address>`` or an address alone, else the shop's own address."""
    name, address = parseaddr(mail_from or shop_email)
    try:
        return Sender(name or shop_name, _address(address).addr_spec, host, secret_key)
    except Undeliverable:
        return None


def _refused(code: int, words: bytes | str, error: Exception) -> None:
    # 4xx means "later" (RFC 5321, 4.2.1): a full mailbox, or a server that lets strangers knock twice.
    if code >= 500:
        text = words.decode(errors="replace") if isinstance(words, bytes) else words
        raise Undeliverable(f"{code} {one_line(text)}") from error
    raise error


def _address(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode() if not domain.isascii() else domain
        found = Address(addr_spec=f"{local}@{ascii_domain}")
    except (HeaderParseError, ValueError, IndexError, UnicodeError) as error:
        raise Undeliverable(f"{one_line(address)} is no address that an e-mail can go to") from error
    if found.addr_spec != f"{local}@{ascii_domain}":
        raise Undeliverable(f"{one_line(address)} is no address that an e-mail can go to")
    return found
