"""Staff and API keys, for those who manage them."""

import asyncio
import functools
from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from shopapi.accounts import key_store, store
from shopapi.accounts.passwords import Passwords
from shopapi.accounts.rules import EmailTaken, LastOwner, OwnAccount, PermissionNotHeld, WeakPassword
from shopapi.contract.accounts import (
    ApiKey,
    ApiKeyCreated,
    ApiKeyInput,
    ApiKeyPage,
    PageQuery,
    Staff,
    StaffInput,
    StaffPage,
    StaffPatch,
)
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.cursors import Cursors
from shopapi.http.etag import IfMatch, etag
from shopapi.http.idempotency import Answer, once
from shopapi.http.problems import NotFound, PreconditionRequired, Stale
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import Route


def _address(request: ShopRequest) -> str:
    address: str = request.app.state.authenticator.address(request)
    return address


@get(
    "/v1/admin/staff",
    opt={"told": Route("staff:read", "List staff", answers={200: StaffPage}, query=PageQuery)},
    dependencies=query_of(PageQuery),
)
@in_thread
def list_staff(
    asked: NamedDependency[PageQuery], db: NamedDependency[Database], cursors: NamedDependency[Cursors]
) -> StaffPage:
    """Staff, newest first, disabled ones included."""
    with db.reading() as c:
        people, last = store.list_staff(c, after=cursors.read("staff", asked.cursor), limit=asked.limit)
        return StaffPage(data=people, next_cursor=cursors.after("staff", last), total=store.count_staff(c))


@post(
    "/v1/admin/staff",
    opt={
        "told": Route(
            "staff:write",
            "Add a member of staff",
            answers={201: Staff},
            problems=(EmailTaken, WeakPassword),
            tagged=True,
            keyed=True,
        )
    },
)
async def create_staff(
    data: JSONBody[StaffInput],
    request: ShopRequest,
    db: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
) -> Response[bytes]:
    """The password is 12 to 128 characters and none that is quickly guessed."""
    hashed = await passwords.accepted(data.password, data.email)

    def change(c: Connection) -> Answer:
        made = store.create_staff(c, data, actor=request.user.actor, address=_address(request), password_hash=hashed)
        return Answer(made, 201, {"ETag": etag(made.version)})

    return await asyncio.get_running_loop().run_in_executor(None, lambda: once(request, db, data, change))


@get(
    "/v1/admin/staff/{staff_id:str}",
    opt={
        "told": Route("staff:read", "Read a member of staff", answers={200: Staff}, problems=(NotFound,), tagged=True)
    },
)
@in_thread
def get_staff(staff_id: FromPath[str], db: NamedDependency[Database]) -> Response[Staff]:
    """One member of staff."""
    with db.reading() as c:
        found = store.get_staff(c, staff_id)
    return Response(found, headers={"ETag": etag(found.version)})


@patch(
    "/v1/admin/staff/{staff_id:str}",
    opt={
        "told": Route(
            "staff:write",
            "Change a member of staff",
            answers={200: Staff},
            problems=(NotFound, LastOwner, OwnAccount, WeakPassword, Stale, PreconditionRequired),
            tagged=True,
            if_match=True,
        )
    },
)
async def change_staff(
    staff_id: FromPath[str],
    data: JSONBody[StaffPatch],
    request: ShopRequest,
    db: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
) -> Response[Staff]:
    """Sessions end at once where role, password or state changes."""
    if_match = IfMatch(request.headers.get("if-match"), required=True)
    in_db_thread = functools.partial(asyncio.get_running_loop().run_in_executor, None)
    hashed = None
    if isinstance(data.password, str):
        hashed = await passwords.accepted(data.password, await in_db_thread(_email_of, db, staff_id))

    def change(c: Connection) -> Staff:
        return store.change_staff(
            c,
            staff_id,
            data,
            if_match,
            actor=request.user.actor,
            address=_address(request),
            password_hash=hashed,
        )

    changed = await in_db_thread(db.write, change)
    return Response(changed, headers={"ETag": etag(changed.version)})


def _email_of(db: Database, staff_id: str) -> str:
    with db.reading() as c:
        return store.get_staff(c, staff_id).email


@get(
    "/v1/admin/api-keys",
    opt={"told": Route("api-keys:read", "List API keys", answers={200: ApiKeyPage}, query=PageQuery)},
    dependencies=query_of(PageQuery),
)
@in_thread
def list_api_keys(
    asked: NamedDependency[PageQuery], db: NamedDependency[Database], cursors: NamedDependency[Cursors]
) -> ApiKeyPage:
    """API keys, newest first, ended ones included; no secret is in it."""
    with db.reading() as c:
        keys, last = key_store.list_api_keys(c, after=cursors.read("api-keys", asked.cursor), limit=asked.limit)
        return ApiKeyPage(data=keys, next_cursor=cursors.after("api-keys", last), total=key_store.count_api_keys(c))


@post(
    "/v1/admin/api-keys",
    opt={
        "told": Route(
            "api-keys:write", "Make an API key", answers={201: ApiKeyCreated}, problems=(PermissionNotHeld,), keyed=True
        )
    },
)
@in_thread
def create_api_key(data: JSONBody[ApiKeyInput], request: ShopRequest, db: NamedDependency[Database]) -> Response[bytes]:
    """The secret is shown in this answer alone; a replay of it shows ``null``."""

    def change(c: Connection) -> Answer:
        made = key_store.create_api_key(
            c,
            data,
            actor=request.user.actor,
            maker_id=request.user.staff_id,
            held=request.user.permissions,
            address=_address(request),
        )
        return Answer(made, 201, {"Cache-Control": "no-store"}, kept=ApiKeyCreated(key=made.key, secret=None))

    return once(request, db, data, change)


@get(
    "/v1/admin/api-keys/{key_id:str}",
    opt={"told": Route("api-keys:read", "Read an API key", answers={200: ApiKey}, problems=(NotFound,))},
)
@in_thread
def get_api_key(key_id: FromPath[str], db: NamedDependency[Database]) -> ApiKey:
    """One API key, without its secret."""
    with db.reading() as c:
        return key_store.get_api_key(c, key_id)


@delete(
    "/v1/admin/api-keys/{key_id:str}",
    opt={"told": Route("api-keys:write", "Revoke an API key", answers={200: ApiKey}, problems=(NotFound,))},
    status_code=200,
)
@in_thread
def revoke_api_key(key_id: FromPath[str], request: ShopRequest, db: NamedDependency[Database]) -> ApiKey:
    """The key works no more, at once and in every process."""
    return db.write(lambda c: key_store.revoke_api_key(c, key_id, actor=request.user.actor, address=_address(request)))


HANDLERS: Final = [
    list_staff,
    create_staff,
    get_staff,
    change_staff,
    list_api_keys,
    create_api_key,
    get_api_key,
    revoke_api_key,
]
