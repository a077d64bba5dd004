"""What the catalog's handlers work with.

It comes by the app's state, not by injection: each further dependency of a handler costs Litestar a task of its own,
for three of them a tenth of a millisecond a request.
"""

from msgspec import Struct

from shopapi.catalog.languages import Languages
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.cursors import Cursors


class Desk(Struct, frozen=True):
    """The database, the cursors of lists, and who decides on the language of an answer."""

    db: Database
    cursors: Cursors
    languages: Languages

    @staticmethod
    def of(request: ShopRequest) -> "Desk":
        """The desk of the app that ``request`` came to."""
        desk: Desk = request.app.state.desk
        return desk
