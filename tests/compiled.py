"""Statements that are compiled once, not again for each database that a test opens."""

from typing import Any

from sqlalchemy import Engine, create_engine


class _ByKindOfDatabase(dict[Any, Any]):
    """SQLAlchemy's cache of compiled statements, for all engines of this process.

    Its keys begin with an engine's dialect, an object of its own for each; here one kind of database stands for all.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


_COMPILED = _ByKindOfDatabase()


def create_engine_that_remembers(url: str, **options: Any) -> Engine:
    """SQLAlchemy's ``create_engine``, for tests: half of what a new engine takes for its first statements is to
    compile them."""
    return create_engine(url, **options, execution_options={"compiled_cache": _COMPILED})
