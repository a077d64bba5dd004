"""What the API said of the catalog, kept in this process for as long as it is sure to be true.

Every answer of the API names the version that the catalog had. ``/v1/shop`` is asked again once a second, at most, and
tells the version of now: while that is younger than a second, an answer of the same version is used without asking, and
any other is asked for by its ETag. So nothing is shown that was not the API's answer within the last second, and when
the API is away nothing is shown at all. Where the API tells no version, everything but ``/v1/shop`` is asked for each
time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar, cast

import msgspec

from shopapi.client import Kept, Media, ShopApiError, ShopClient
from shopapi.contract.catalog import CategoryTree, Product, ProductPage, ProductQuery, Shop, ShopText, TextKind
from shopweb.locale import Language
from shopweb.storefront.answers import answer_or_error
from shopweb.storefront.bounded import Bounded

T = TypeVar("T")
Question = tuple[str, str, str]
"""What kind of answer is wanted, in which language, and of what."""

FRESH_S: Final = 1.0
_WAITS_FOR_NAME_S: Final = 0.5
_MAX_BYTES: Final = 4 * 2**20
_MAX_MEDIA_BYTES: Final = 4 * 2**20


class Asker(Protocol):
    """Who asks, and in which language. ``told`` grows by what they were told, by its ETag; ``untold`` by what failed,
    which they hear again without another call: a slow API is waited for once a page.
    """

    language: Language
    told: dict[Question, str]
    untold: dict[Question, ShopApiError]

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
        self._asked: dict[Question, tuple[float, asyncio.Task[Any]]] = {}
        self._version = ""
        self._said_at = float("-inf")
        self._shop_said_at: dict[Question, float] = {}
        self.shop_name = ""
        """What the shop was called when it was last asked, however long ago; empty where it never was."""

    async def version(self, asker: Asker) -> str:
        """The catalog's version, no older than a second, or ``""`` where the API tells none."""
        if not self._sure:
            await self.shop(asker)
        return self._version

    async def learn_name(self, asker: Asker) -> None:
        """See that ``shop_name`` is known, if the API says it within half a second: the office can do without."""
        if not self.shop_name:
            with suppress(ShopApiError, TimeoutError):
                await asyncio.wait_for(self.shop(asker), _WAITS_FOR_NAME_S)

    async def still_says(self, asker: Asker, told: Mapping[Question, str]) -> bool:
        """Whether the API's answers to all these questions have the ETags that they had."""
        answers = await asyncio.gather(*(answer_or_error(self._get(asker, question)) for question in told))
        return all(
            isinstance(answer, Kept) and bool(etag) and answer.etag == etag
            for answer, etag in zip(answers, told.values(), strict=True)
        )

    async def shop(self, asker: Asker) -> Shop:
        """The shop itself."""
        found: Kept[Shop] = await self._get(asker, ("shop", asker.language, ""))
        return found.value

    async def categories(self, asker: Asker) -> CategoryTree:
        """Every category."""
        found: Kept[CategoryTree] = await self._get(asker, ("categories", asker.language, ""))
        return found.value

    async def products(self, asker: Asker, which: ProductQuery) -> ProductPage:
        """A page of products; raises what :meth:`ShopClient.list_products` does."""
        what = msgspec.json.encode(which).decode()
        found: Kept[ProductPage] = await self._get(asker, ("products", asker.language, what))
        return found.value

    async def product(self, asker: Asker, slug: str) -> Product:
        """One product; raises what :meth:`ShopClient.get_product` does."""
        found: Kept[Product] = await self._get(asker, ("product", asker.language, slug))
        return found.value

    async def text(self, asker: Asker, kind: TextKind) -> ShopText:
        """A text that the law asks for; raises ``NotFound``."""
        found: Kept[ShopText] = await self._get(asker, ("text", asker.language, kind))
        return found.value

    async def media(self, asker: Asker, name: str, width: int | None) -> Media:
        """A picture. Its name is the hash of its bytes, so that it is true for ever."""
        key: Question = ("media", name, str(width or ""))
        found = self._media.find(key)
        if found is None:
            found = await self._shared(key, lambda: asker.api_for_nobody.get_media(name, width=width))
            self._media.keep(key, found, len(found.content))
        return found

    @property
    def _sure(self) -> bool:
        return self._clock() - self._said_at < FRESH_S

    def _is_true(self, question: Question, known: Kept[Any]) -> bool:
        if self._version:
            return known.version == self._version and self._sure
        # No version tells whether it is true; but what was said within the last second was true within that second.
        return self._clock() - self._shop_said_at.get(question, float("-inf")) < FRESH_S

    async def _get(self, asker: Asker, question: Question) -> Kept[Any]:
        answer: Kept[Any] | None = self._answers.find(question)
        if answer is None or not self._is_true(question, answer):
            if question in asker.untold:
                raise asker.untold[question]
            known = answer
            try:
                answer = await self._shared(question, lambda: self._asked_again(asker, question, known))
            except ShopApiError as error:
                asker.untold[question] = error
                raise
        asker.told[question] = answer.etag
        return answer

    async def _asked_again(self, asker: Asker, question: Question, known: Kept[Any] | None) -> Kept[Any]:
        began = self._clock()
        answer = await _answer(asker.api_for_nobody, question, known)
        self._answers.keep(question, answer, answer.size + sum(map(len, question)))
        if question[0] == "shop":
            self._version, self._said_at, self.shop_name = answer.version, began, answer.value.name
            self._shop_said_at[question] = began
        return answer

    async def _shared(self, key: Question, ask: Callable[[], Awaitable[T]]) -> T:
        now = self._clock()
        began, task = self._asked.get(key, (float("-inf"), None))
        # An older call may bring what was true before this one was wanted.
        if task is None or now - began >= FRESH_S:
            task = asyncio.ensure_future(ask())
            self._asked[key] = (now, task)
            task.add_done_callback(lambda done: self._done(key, done))
        # Whoever waits may leave; the call goes on for the others.
        return await asyncio.shield(task)

    def _done(self, key: Question, task: "asyncio.Task[Any]") -> None:
        if self._asked.get(key, (0.0, None))[1] is task:
            del self._asked[key]
        if not task.cancelled():
            task.exception()  # Looked at: nobody may be left whom it would tell.


async def _answer(api: ShopClient, question: Question, known: Kept[Any] | None) -> Kept[Any]:
    kind, language, what = question
    match kind:
        case "shop":
            return await api.get_shop(language=language, known=known)
        case "categories":
            return await api.list_categories(language=language, known=known)
        case "products":
            # Not checked on the way back: what is wrong with it, the API is to say.
            which = ProductQuery(**msgspec.json.decode(what))
            return await api.list_products(which, language=language, known=known)
        case "product":
            return await api.get_product(what, language=language, known=known)
        case _:
            return await api.get_shop_text(cast(TextKind, what), language=language, known=known)
