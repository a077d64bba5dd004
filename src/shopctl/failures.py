"""What goes wrong, told to a person: a sentence, what to do next, and the exit code. Never a traceback."""

import os
import sys
import traceback
from typing import Final

from shopctl import console
from shopctl.console import Failed, clean

_WHERE_IT_LIES: Final = "shopctl config  shows DATABASE_URL"


def tell(error: BaseException) -> int:
    """Say on stderr what is wrong and what to do next; the exit code for it."""
    failure = told(error)
    for sentence in failure.what:
        console.failed(sentence)
    if failure.next_step:
        console.next_step(failure.next_step, sys.stderr)
    return failure.exit_code


def told(error: BaseException) -> Failed:
    """What to say of ``error``."""
    for known in (_usage, _settings, _shop, _database, _system):
        if found := known(error):
            return found
    return _unexpected(error)


def _usage(error: BaseException) -> Failed | None:
    from typer.exceptions import Abort, TyperException

    if isinstance(error, Failed):
        return error
    if isinstance(error, Abort):
        return Failed("Nothing was entered.")
    if isinstance(error, TyperException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "shopctl"
        return Failed(f"{error.format_message()}{_given(error)}", f"{command} --help", 2)
    return None


def _given(error: BaseException) -> str:
    # Of a number that is none, typer says what was asked for; the value is only in what pydantic said to it.
    faults: list[dict[str, object]] = getattr(error.__cause__, "errors", list)()
    return f'; it is "{clean(faults[0]["input"])}"' if faults else ""


def _settings(error: BaseException) -> Failed | None:
    from shopapi.runtime.settings import SettingsError

    if not isinstance(error, SettingsError):
        return None
    from shopapi.runtime.logs import redacted

    problems = [redacted(problem).rstrip(".") + "." if "?" not in problem else problem for problem in error.problems]
    return Failed(problems, error.remedy or "shopctl config", 2)


def _shop(error: BaseException) -> Failed | None:
    if not _is(error, "shopapi.http.problems", "ShopError"):
        return None
    detail: str = getattr(error, "detail", "") or str(error)
    fields = [f"{one.field}: {one.message}" for one in getattr(error, "errors", None) or ()]
    return Failed([detail, *fields])


def _database(error: BaseException) -> Failed | None:
    if _is(error, "shopapi.db.migrate", "MigrationFailed"):
        return Failed(str(error), "shopctl migrate status")
    if _is(error, "shopapi.db.engine", "OutcomeUnknown"):
        return Failed(
            "The connection to the database broke: whether that was done is not known.", "look before you repeat it"
        )
    if _is(error, "shopapi.db.engine", "DatabaseUnavailable"):
        words = str(error)
        if words.startswith("There is no database"):
            return Failed(words, "shopctl migrate")
        return Failed(_one_line(words), "try again when that is done" if "locked" in words else _WHERE_IT_LIES)
    if not _is(error, "sqlalchemy.exc", "SQLAlchemyError"):
        return None
    words = str(getattr(error, "orig", None) or error)
    if any(sign in words for sign in ("no such table", "no such column", "does not exist")):
        return Failed("The database is not migrated.", "shopctl migrate")
    return Failed(f"The database cannot be used: {_one_line(words)}", _WHERE_IT_LIES)


def _system(error: BaseException) -> Failed | None:
    if not isinstance(error, OSError) or not error.strerror:
        return None
    where = f"{clean(error.filename)}: " if isinstance(error.filename, str) else ""
    return Failed(f"{where}{error.strerror}.")


def _unexpected(error: BaseException) -> Failed:
    if os.environ.get("SHOP_LOG_LEVEL") == "debug":
        from shopapi.runtime.logs import redacted

        sys.stderr.write(redacted("".join(traceback.format_exception(error))))
        return Failed("That is a mistake in shopctl.", "please report it with what stands above")
    what = f"{type(error).__name__}: {_one_line(str(error))}".removesuffix(": ")
    return Failed(f"Something went wrong that should not. {what}", "the same with SHOP_LOG_LEVEL=debug says more")


def _one_line(words: str) -> str:
    from shopapi.runtime.logs import redacted

    return redacted(words.strip().partition("\n")[0])


def _is(error: BaseException, module: str, name: str) -> bool:
    # Asked of what is loaded already: an error of a module that was never imported cannot be at hand.
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(error, kind)
