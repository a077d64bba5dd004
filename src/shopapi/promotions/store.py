"""SQL over promotions and the codes that open them."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, case, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from shopapi.accounts.audit_log import note
from shopapi.catalog.tables import category, product, shop
from shopapi.db.engine import Reader, constraint
from shopapi.db.keyset import newest_first
from shopapi.db.types import clock
from shopapi.http.problems import NotFound
from shopapi.names import public_id
from shopapi.promotions.records import KeptPromotion, NewPromotion
from shopapi.promotions.refusals import CodeTaken, InvalidPromotion, UnknownTarget, check_promotion
from shopapi.promotions.rules import CodeExpired, CodeUnknown, CodeUsedUp, normal_code
from shopapi.promotions.tables import promotion, promotion_code

_STATE: Final = case(
    (promotion.c.ends_at <= clock(), "ended"),
    (promotion.c.starts_at > clock(), "planned"),
    (promotion_code.c.used >= promotion_code.c.max_uses, "used_up"),
    else_="running",
).label("state")
_DOORS: Final = (
    select(
        promotion_code.c.id,
        promotion_code.c.id.label("code_id"),
        *(promotion_code.c[name] for name in ("promotion_id", "code", "used", "max_uses", "max_uses_per_customer")),
        *(column for column in promotion.c if column.key not in ("id", "version", "created_at", "updated_at")),
        func.coalesce(category.c.slug, product.c.slug).label("target"),
        shop.c.currency,
        _STATE,
    )
    .join_from(promotion_code, promotion)
    .join(shop, shop.c.id == 1)
    .outerjoin(category, category.c.id == promotion.c.category_id)
    .outerjoin(product, product.c.id == promotion.c.product_id)
)


def find_code(c: Reader, code: str | None) -> Row[Any]:
    """The promotion that a code opens now, by its door: ``code_id``, ``promotion_id`` and the columns of both.

    ``code`` is in its normal form, ``None`` where it has none.
    Raises :class:`CodeUnknown` (also before it begins, so that nobody learns of what is planned),
    :class:`CodeExpired`, :class:`CodeUsedUp`. Whether it fits the cart, only its price tells.
    """
    # Without a code the question would be for one that is NULL, which promotions have that apply by themselves.
    row = None if code is None else c.execute(_DOORS.where(promotion_code.c.code == code)).first()
    if row is None or row.state == "planned":
        raise CodeUnknown
    if row.state == "ended":
        raise CodeExpired(row.code)
    if row.state == "used_up":
        raise CodeUsedUp(row.code)
    return row


def list_promotions(c: Reader, *, after: int | None, limit: int) -> tuple[list[KeptPromotion], int | None]:
    """Promotions, newest first, from behind row ``after`` on; the number is the row behind which more follow."""
    rows, last = newest_first(c, _DOORS, promotion_code.c.id, before=after, limit=limit)
    return [_kept(row) for row in rows], last


def add_promotion(c: Connection, new: NewPromotion, *, actor: str) -> KeptPromotion:
    """Make a promotion and its door; raises :class:`InvalidPromotion`, :class:`UnknownTarget`, :class:`CodeTaken`."""
    check_promotion(new)
    code = None if new.code is None else normal_code(new.code)
    target_id = _target_id(c, new)
    name = public_id("promo")
    row_id = c.execute(
        insert(promotion)
        .values(
            public_id=name,
            names=new.names,
            kind=new.kind,
            value=new.value,
            scope=new.scope,
            category_id=target_id if new.scope == "category" else None,
            product_id=target_id if new.scope == "product" else None,
            exclusive=new.exclusive,
            min_subtotal=new.min_subtotal,
            starts_at=clock() if new.starts_at is None else new.starts_at,
            ends_at=new.ends_at,
        )
        .returning(promotion.c.id)
    ).scalar_one()
    door = {"code": code, "max_uses": new.max_uses, "max_uses_per_customer": new.max_uses_per_customer}
    try:
        c.execute(insert(promotion_code).values(promotion_id=row_id, **door))
    except IntegrityError as error:
        if code is not None and constraint(error) in ("uq_promotion_code_code", "promotion_code.code"):
            raise CodeTaken(code) from error
        raise
    made = _by_id(c, name)
    if made.ends_at is not None and made.ends_at <= made.starts_at:
        raise InvalidPromotion("ends_at", "is not after the moment at which it begins")
    note(c, actor, "promotion.add", name, None, _told(made), "")
    return made


def end_promotion(c: Connection, name: str, *, actor: str) -> tuple[KeptPromotion, bool]:
    """End a promotion now, by its id or its code in any form; the flag says whether it had not ended before.

    Orders that have it keep it. Raises :class:`NotFound`.
    """
    before = _named(c, name)
    over = or_(promotion.c.ends_at.is_(None), promotion.c.ends_at > clock())
    changes = {"ends_at": clock(), "version": promotion.c.version + 1, "updated_at": clock()}
    done = c.execute(update(promotion).where(promotion.c.public_id == before.id, over).values(changes)).rowcount
    after = _by_id(c, before.id)
    if done:
        note(c, actor, "promotion.end", after.id, _told(before), _told(after), "")
    return after, bool(done)


def _named(c: Reader, name: str) -> KeptPromotion:
    code = normal_code(name)
    which = promotion.c.public_id == name if code is None else promotion_code.c.code == code
    row = c.execute(_DOORS.where(which)).first()
    if row is None:
        raise NotFound(f'No promotion has the id or code "{name}".')
    return _kept(row)


def _by_id(c: Reader, name: str) -> KeptPromotion:
    return _kept(c.execute(_DOORS.where(promotion.c.public_id == name)).first())


def _target_id(c: Reader, new: NewPromotion) -> int | None:
    if new.scope == "order" or new.target is None:
        return None
    table = category if new.scope == "category" else product
    found = c.execute(select(table.c.id).where(table.c.slug == new.target)).scalar()
    if found is None:
        raise UnknownTarget(new.scope, new.target)
    return int(found)


def _kept(row: Any) -> KeptPromotion:
    fields = {name: getattr(row, name) for name in KeptPromotion.__struct_fields__ if name != "id"}
    return KeptPromotion(id=row.public_id, **fields)


def _told(kept: KeptPromotion) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(kept)
    return told
