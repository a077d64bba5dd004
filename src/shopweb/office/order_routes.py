"""The routes of the back office's orders and e-mails."""

from typing import Final

from litestar.handlers import HTTPRouteHandler

from shopweb.office import emails, order, order_actions, order_refund, orders, withdrawals

OFFICE_ORDERS: Final[list[HTTPRouteHandler]] = [
    orders.show_orders,
    order.show_office_order,
    order.show_office_invoice,
    order.show_notes,
    order.add_note,
    order_actions.show_ship,
    order_actions.ship,
    order_actions.show_pay,
    order_actions.pay,
    order_actions.show_cancel,
    order_actions.cancel,
    order_refund.show_refund,
    order_refund.check_refund,
    order_refund.show_confirm,
    order_refund.refund,
    withdrawals.show_settle,
    withdrawals.settle,
    withdrawals.show_withdrawals,
    withdrawals.show_assign,
    withdrawals.assign,
    withdrawals.show_dismiss,
    withdrawals.dismiss,
    emails.show_emails,
    emails.show_email,
    emails.show_letter,
]
