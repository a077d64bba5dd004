"""E-mails as staff see them: what was sent, and what would be."""

from typing import Final

from litestar import get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.contract.orders import EmailMessage, EmailPage, EmailQuery
from shopapi.db.engine import Database
from shopapi.events import reading
from shopapi.http.cursors import Cursors
from shopapi.http.problems import NotFound
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import Route


@get(
    "/v1/admin/emails",
    opt={"told": Route("orders:read", "List e-mails", answers={200: EmailPage}, query=EmailQuery)},
    dependencies=query_of(EmailQuery),
)
@in_thread
def list_emails(
    asked: NamedDependency[EmailQuery],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
    state: State,
) -> EmailPage:
    """E-mails, newest first: of all orders, or of one."""
    listing = f"emails {asked.order or ''}"
    before = cursors.read(listing, asked.cursor)
    with db.reading() as c:
        emails, last = reading.list_emails(c, asked, before=before)
        total = reading.count_emails(c, asked)
    return EmailPage(
        data=emails, next_cursor=cursors.after(listing, last), total=total, sending=bool(state.settings.mail_url)
    )


@get(
    "/v1/admin/emails/{email_id:str}",
    opt={"told": Route("orders:read", "Read an e-mail", answers={200: EmailMessage}, problems=(NotFound,))},
)
@in_thread
def get_email(email_id: FromPath[str], db: NamedDependency[Database]) -> EmailMessage:
    """An e-mail, word for word, but for the secret in the link to its order."""
    with db.reading() as c:
        return reading.read_email(c, email_id)


HANDLERS: Final = [list_emails, get_email]
