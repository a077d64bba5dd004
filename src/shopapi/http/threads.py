"""Handlers that use the database run on the loop's default executor, whose threads the database's connections match.

Litestar's own ``sync_to_thread`` wraps a handler twice where its path has several methods (2.25: it takes its wrapper
for a plain function when the path is registered again), and the request then answers 500.
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Final, ParamSpec, TypeVar

from shopapi.http.problems import Overloaded

P = ParamSpec("P")
T = TypeVar("T")


LONGEST_WAIT_S: Final = 2.0
"""What has waited longer for a thread is refused when its turn comes: whoever asked has mostly left by then, and to
work for them keeps those waiting who have not."""


def in_thread(fn: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """``fn`` as a coroutine function that runs it in a thread, in the context of its caller.

    Raises :class:`Overloaded` where no thread was free for ``LONGEST_WAIT_S``.
    """

    def in_time(asked_at: float, *args: P.args, **kwargs: P.kwargs) -> T:
        if time.monotonic() - asked_at > LONGEST_WAIT_S:
            raise Overloaded
        return fn(*args, **kwargs)

    @functools.wraps(fn)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        call = functools.partial(copy_context().run, in_time, time.monotonic(), *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(None, call)

    return run
