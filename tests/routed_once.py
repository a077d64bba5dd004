"""Apps whose routes are worked out once a process: Litestar takes longer for that than most tests for all the rest."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from copy import copy
from inspect import signature
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.events import SimpleEventEmitter
from litestar.types import ControllerRouterHandler

_originals: dict[tuple[ControllerRouterHandler, ...], Litestar] = {}
_values: ContextVar[Mapping[str, Provide]] = ContextVar("values")


class RoutedOnce:
    """Stands in for Litestar where an app is made: the same routes, and all else of its own.

    Dependencies that take nothing are values that differ between apps, such as the database; those that take something
    are functions, and the same in each.
    """

    def __init__(
        self,
        route_handlers: Sequence[ControllerRouterHandler],
        *,
        state: State,
        dependencies: Mapping[str, Provide],
        lifespan: Sequence[Callable[..., Any]] = (),
        on_shutdown: Sequence[Callable[..., Any]] = (),
        **always_the_same: Any,
    ) -> None:
        self._own = {name: one for name, one in dependencies.items() if not signature(one.dependency).parameters}
        routes = tuple(route_handlers)
        if routes not in _originals:
            _originals[routes] = Litestar(
                routes, dependencies={**dependencies, **{name: _own(name) for name in self._own}}, **always_the_same
            )
        self._app = copy(_originals[routes])
        self._app.state = state
        self._app.on_shutdown = list(on_shutdown)
        self._app._lifespan_managers = list(lifespan)
        self._app.event_emitter = SimpleEventEmitter(listeners=[])
        self._app.asgi_router = copy(self._app.asgi_router)
        self._app.asgi_router.app = self._app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        _values.set(self._own)
        await self._app(scope, receive, send)


def _own(name: str) -> Provide:
    return Provide(lambda: _values.get()[name].dependency(), sync_to_thread=False)
