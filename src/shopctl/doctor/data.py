"""Checks of the database: whether it is there, whose clock it has, and whether it is ready for this program."""

from typing import Final

from shopapi.runtime.settings import is_loopback
from shopctl.doctor.checks import Check, Finding, Situation, fail, ok, warn

OLDEST: Final = 13
"""The oldest PostgreSQL that the shop runs on."""

_LEAST_PASSWORD: Final = 16
_BESIDE_API: Final = 2 + 2
"""Connections of a worker and of one command; see docs/how-to/run-on-postgresql.md."""

_AWAY: Final = "the database cannot be asked"
_FIRST_THE_DATABASE: Final = "first the check of factor 4, database"
_CLOCK_WARN_S: Final = 1.0
_CLOCK_FAIL_S: Final = 30.0


def database(situation: Situation) -> Finding:
    """A backing service that can be reached by its URL."""
    from sqlalchemy.engine import make_url

    parts = make_url(situation.api.database_url)
    if situation.is_sqlite:
        where = f"SQLite, {parts.database}"
    else:
        where = f"PostgreSQL, {parts.database} at {parts.host or 'a local socket'}"
    if trouble := situation.database.trouble:
        there = "shopctl migrate makes it" if "unable to open" in trouble and situation.is_sqlite else ""
        return fail(f"{where}: {trouble}", there or "start it, or mend DATABASE_URL; shopctl config shows it")
    if situation.is_sqlite:
        return ok(where)
    if (version := situation.database.version) < OLDEST:
        return fail(f"{where}, version {version}", f"PostgreSQL {OLDEST} or newer")
    return ok(f"{where}, version {version}")


def password(situation: Situation) -> Finding:
    """No password that one could guess."""
    secret = situation.database_password
    if not secret:
        return ok("DATABASE_URL holds none")
    if len(secret) >= _LEAST_PASSWORD and len(set(secret)) >= 8:
        return ok(f"{_LEAST_PASSWORD} characters or more")
    from sqlalchemy.engine import make_url

    found = f"DATABASE_URL has a password that is short or simple: it has {len(secret)} characters"
    remedy = "openssl rand -hex 32 makes one; put it into PostgreSQL (ALTER ROLE) and into DATABASE_URL"
    near = is_loopback(make_url(situation.api.database_url).host or "localhost")
    return warn(found, remedy) if near and not situation.is_public else fail(found, remedy)


def clock(situation: Situation) -> Finding:
    """One time for all: sessions, prices and reservations end by it."""
    if situation.is_sqlite:
        return ok("the database goes by this machine's")
    if situation.database.trouble:
        return warn(f"not looked at: {_AWAY}", _FIRST_THE_DATABASE)
    ahead = situation.database.seconds_ahead()
    found = f"the database's is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    remedy = "keep both by NTP: chronyd or systemd-timesyncd"
    if abs(ahead) > _CLOCK_FAIL_S:
        return fail(found, remedy)
    return warn(found, remedy) if abs(ahead) > _CLOCK_WARN_S else ok(found)


def connections(situation: Situation) -> Finding:
    """As many processes as there are connections for."""
    workers, each = situation.shopctl.workers, situation.api.db_threads + 2
    if situation.is_sqlite:
        return ok("SQLite needs none; writes take turns, however many processes there are")
    if situation.database.trouble:
        return warn(f"not looked at: {_AWAY}", _FIRST_THE_DATABASE)
    wanted, free = workers * each, situation.database.free_for_us
    fit = max(0, free - _BESIDE_API) // wanted
    found = f"an API server, SHOP_SERVER_WORKERS={workers}, takes {wanted} connections; PostgreSQL has {free}"
    remedy = "lower SHOP_DB_THREADS or SHOP_SERVER_WORKERS, or raise max_connections"
    if fit == 0:
        return fail(f"{found}, and a worker wants some too", remedy)
    return (
        ok(f"{found}: enough for {fit}") if fit > 1 else warn(f"{found}: no second one fits, not even to roll", remedy)
    )


def schema(situation: Situation) -> Finding:
    """The schema that this program wants."""
    if situation.database.trouble:
        return fail(f"not known: {_AWAY}", _FIRST_THE_DATABASE)
    status = situation.database.schema
    if status.is_current:
        return ok(f"{status.current}, as this program wants it")
    return fail("; ".join(status.problems), "shopctl migrate")


def staff(situation: Situation) -> Finding:
    """Somebody who can sign in."""
    if situation.database.trouble or not situation.database.schema.is_current:
        return warn("not looked at: the schema is not there", "first the check of factor 12, schema")
    if situation.database.has_staff:
        return ok("somebody can sign in")
    return warn("nobody can sign in", "shopctl staff create EMAIL --name NAME --role owner")


_URL: Final = ("DATABASE_URL",)
CHECKS: Final = (
    Check(3, "database password", password, (*_URL, "SHOP_PUBLIC_URL")),
    Check(4, "database", database, _URL),
    Check(4, "clock", clock, _URL),
    Check(8, "connections", connections, (*_URL, "SHOP_DB_THREADS", "SHOP_SERVER_WORKERS")),
    Check(12, "schema", schema, _URL),
    Check(12, "staff", staff, _URL),
)
