"""What the API said of the catalog, kept in this process for as long as it is sure to be true.

Every answer of the API names the version that the catalog had. ``/v1/shop`` is asked again once a second, at most, and
tells the version of now: while that is younger than a second, an answer of the same version is used without asking, and
any other is asked for by its ETag. So nothing is shown that was not the API's answer within the last second, and when
the API is away nothing is shown at all.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

import msgspec

from shopapi.client import Kept, Media, ShopClient
from shopapi.contract.catalog import CategoryTree, Product, ProductPage, ProductQuery, Shop, ShopText, TextKind
from shopweb.locale import Language
from shopweb.storefront.bounded import Bounded

T = TypeVar("T")
_Key = tuple[str, ...]

FRESH_S: Final = 1.0
_MAX_BYTES: Final = 4 * 2**20
_MAX_MEDIA_BYTES: Final = 4 * 2**20


class Asker(Protocol):
    """Who asks, and in which language."""

    language: Language

    @property
    def api_for_nobody(self) -> ShopClient:
        """The API, called without a session: what is kept is everybody's."""
        ...


class Shelf:
    """One a process. Two who want the same answer at once share one call."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: Bounded[Kept[Any]] = Bounded(_MAX_BYTES)
        self._media: Bounded[Media] = Bounded(_MAX_MEDIA_BYTES)
        self._asked: dict[_Key, tuple[float, asyncio.Task[Any]]] = {}
        self._version = ""
        self._said_at = float("-inf")

    async def version(self, asker: Asker) -> str:
        """The catalog's version, no older than a second, or ``""`` where the API tells none."""
        if not self._sure:
            await self.shop(asker)
        return self._version

    async def shop(self, asker: Asker) -> Shop:
        """The shop itself."""
        return await self._get(
            ("shop", asker.language), lambda known: asker.api_for_nobody.get_shop(**_how(asker, known))
        )

    async def categories(self, asker: Asker) -> CategoryTree:
        """Every category."""
        key = ("categories", asker.language)
        return await self._get(key, lambda known: asker.api_for_nobody.list_categories(**_how(asker, known)))

    async def products(self, asker: Asker, which: ProductQuery) -> ProductPage:
        """A page of products; raises what :meth:`ShopClient.list_products` does."""
        key = ("products", asker.language, msgspec.json.encode(which).decode())
        return await self._get(key, lambda known: asker.api_for_nobody.list_products(which, **_how(asker, known)))

    async def product(self, asker: Asker, slug: str) -> Product:
        """One product; raises what :meth:`ShopClient.get_product` does."""
        key = ("product", asker.language, slug)
        return await self._get(key, lambda known: asker.api_for_nobody.get_product(slug, **_how(asker, known)))

    async def text(self, asker: Asker, kind: TextKind) -> ShopText:
        """A text that the law asks for; raises ``NotFound``."""
        key = ("text", asker.language, kind)
        return await self._get(key, lambda known: asker.api_for_nobody.get_shop_text(kind, **_how(asker, known)))

    async def media(self, asker: Asker, name: str, width: int | None) -> Media:
        """A picture. Its name is the hash of its bytes, so that it is true for ever."""
        key = ("media", name, str(width or ""))
        found = self._media.find(key)
        if found is None:
            found = await self._shared(key, lambda: asker.api_for_nobody.get_media(name, width=width))
            self._media.keep(key, found, len(found.content))
        return found

    @property
    def _sure(self) -> bool:
        return self._clock() - self._said_at < FRESH_S

    async def _get(self, key: _Key, ask: Callable[[Kept[T] | None], Awaitable[Kept[T]]]) -> T:
        known: Kept[T] | None = self._answers.find(key)
        if known is not None and known.version and known.version == self._version and self._sure:
            return known.value
        return await self._shared(key, lambda: self._asked_again(key, known, ask))

    async def _asked_again(
        self, key: _Key, known: Kept[T] | None, ask: Callable[[Kept[T] | None], Awaitable[Kept[T]]]
    ) -> T:
        began = self._clock()
        answer = await ask(known)
        self._answers.keep(key, answer, answer.size + sum(map(len, key)))
        if key[0] == "shop":
            self._version, self._said_at = answer.version, began
        return answer.value

    async def _shared(self, key: _Key, ask: Callable[[], Awaitable[T]]) -> T:
        now = self._clock()
        began, task = self._asked.get(key, (float("-inf"), None))
        # An older call may bring what was true before this one was wanted.
        if task is None or now - began >= FRESH_S:
            task = asyncio.ensure_future(ask())
            self._asked[key] = (now, task)
            task.add_done_callback(lambda done: self._done(key, done))
        # Whoever waits may leave; the call goes on for the others.
        return await asyncio.shield(task)

    def _done(self, key: _Key, task: "asyncio.Task[Any]") -> None:
        if self._asked.get(key, (0.0, None))[1] is task:
            del self._asked[key]
        if not task.cancelled():
            task.exception()  # Looked at: nobody may be left whom it would tell.


def _how(asker: Asker, known: Kept[T] | None) -> dict[str, Any]:
    return {"language": asker.language, "known": known}
