"""The routes of an order's pages and of the withdrawal."""

from typing import Final

from litestar.handlers import HTTPRouteHandler

from shopweb.storefront import order, order_cancel, order_invoice, withdrawal

ORDER_PAGES: Final[list[HTTPRouteHandler]] = [
    order.find_order,
    order.show_order,
    order_cancel.confirm_cancel,
    order_cancel.cancel_order,
    order_invoice.show_invoice,
    withdrawal.show_withdrawal,
    withdrawal.check_withdrawal,
    withdrawal.show_confirmed,
    withdrawal.confirm_withdrawal,
]
