"""Handlers that use the database run on the loop's default executor, whose threads the database's connections match.

Litestar's own ``sync_to_thread`` wraps a handler twice where its path has several methods (2.25: it takes its wrapper
for a plain function when the path is registered again), and the request then answers 500.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(fn: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """``fn`` as a coroutine function that runs it in a thread, in the context of its caller."""

    @functools.wraps(fn)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        call = functools.partial(copy_context().run, fn, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(None, call)

    return run
