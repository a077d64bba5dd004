"""Who did something, by name: members of staff and API keys are stored by their public ids."""

from collections.abc import Iterable

from sqlalchemy import select

from shopapi.accounts.tables import api_key, staff
from shopapi.db.engine import Reader


def names_of(c: Reader, actors: Iterable[str]) -> dict[str, str]:
    """The names of those among ``actors`` who are staff or keys; nobody else is in it."""
    ids = sorted({one for one in actors if one.startswith(("stf_", "key_"))})
    if not ids:
        return {}
    people = select(staff.c.public_id, staff.c.name).where(staff.c.public_id.in_(ids))
    keys = select(api_key.c.public_id, api_key.c.name).where(api_key.c.public_id.in_(ids))
    return {row.public_id: row.name for row in c.execute(people.union_all(keys))}
