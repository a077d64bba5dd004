"""From a token to the principal behind it, by the database: what has ended there works nowhere from then on."""

import logging
from collections.abc import Callable

from shopapi.accounts import principal_store
from shopapi.db.engine import Database, DatabaseUnavailable
from shopapi.http.access import Principal

_log = logging.getLogger(__name__)


def principal_finder(db: Database) -> Callable[[str], Principal | None]:
    """A function that asks ``db`` who a token belongs to; it blocks, so it runs in a thread."""

    def find(token: str) -> Principal | None:
        with db.reading() as c:
            found = principal_store.find_principal(c, token)
        if found is None:
            return None
        if found.touch:
            try:
                # Told once a minute; a busy moment must neither shut anybody out nor make a reader wait.
                db.write_if_free(lambda c: principal_store.note_seen(c, found))
            except DatabaseUnavailable:
                _log.debug("last seen was not written")
        return found.principal

    return find
