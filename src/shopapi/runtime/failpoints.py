"""Places where a process can be made to fail on purpose, so that tests see what a crash leaves behind.

``SHOP_FAILPOINTS="after_psp=kill:0.3,before_psp=sleep:2"``: at the point, do that, with that probability or for so many
seconds. Nothing happens anywhere unless ``SHOP_TEST_MODE=1``, which only a shop on this very machine accepts.
"""

import os
import random
import signal
import time
from collections.abc import Mapping
from typing import Final, Literal, get_args

from shopapi.runtime.part import PartSettings
from shopapi.runtime.settings import SettingsError, is_loopback

Point = Literal[
    "after_reserve",
    "before_psp",
    "after_psp",
    "before_record",
    "after_record",
    "after_refund_psp",
    "outbox_claimed",
    "outbox_sent",
    "email_sent",
    "check_then_act",
    "no_fingerprint",
    "record_without_compare",
    "release_paid",
    "ignore_expected_total",
    "code_without_limit",
    "refund_without_limit",
    "trust_webhook",
    "trust_amount",
    "forget_on_unknown",
    "charge_with_new_key",
    "lose_outbox",
    "release_twice",
    "late_success_is_lost",
    "take_event_twice",
    "lend_without_lock",
]
"""From ``check_then_act`` on they are faults planted on purpose: the tests must catch each one (``=on``)."""

_DOES: Final = ("kill", "raise", "sleep", "on")
_armed: dict[str, tuple[str, float]] = {}


class Failed(Exception):
    """What a failpoint raises."""


def arm(settings: PartSettings, *, test_mode: bool, failpoints: str) -> None:
    """Set this process's failpoints; raises :class:`SettingsError` where nothing may fail on purpose."""
    _armed.clear()
    if not test_mode:
        if failpoints:
            raise SettingsError(["SHOP_FAILPOINTS is set without SHOP_TEST_MODE=1"], "unset SHOP_FAILPOINTS")
        return
    if not is_loopback(settings.public_url.hostname or ""):
        raise SettingsError(
            [f"SHOP_TEST_MODE=1 while SHOP_PUBLIC_URL is {settings.public_url.geturl()}, which others can reach"],
            "unset SHOP_TEST_MODE",
        )
    _armed.update(_read(failpoints))


def _read(text: str) -> Mapping[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for part in filter(None, text.split(",")):
        name, _, rest = part.strip().partition("=")
        does, _, number = rest.partition(":")
        if name not in get_args(Point) or does not in _DOES:
            raise SettingsError([f'SHOP_FAILPOINTS names "{part.strip()}"; write it like after_psp=kill:0.3'])
        try:
            found[name] = (does, float(number or 1))
        except ValueError:
            raise SettingsError([f'SHOP_FAILPOINTS says "{part.strip()}"; after the colon stands a number']) from None
    return found


def planted(point: Point) -> bool:
    """Whether a fault is planted here."""
    return bool(_armed) and _armed.get(point, ("", 0))[0] == "on"


def reach(point: Point) -> None:
    """Fail here, where somebody asked for it."""
    if not _armed or point not in _armed:
        return
    does, number = _armed[point]
    if does == "sleep":
        time.sleep(number)
    elif random.random() < number:  # noqa: S311 - no secret
        if does == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif does == "raise":
            raise Failed(point)
