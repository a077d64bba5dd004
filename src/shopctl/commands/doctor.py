"""doctor: whether this configuration is one to run a shop with."""

import os
from typing import TYPE_CHECKING

import typer

from shopctl import console
from shopctl.commands.database import Json

if TYPE_CHECKING:
    from shopctl.doctor.checks import Told


def doctor(json: Json = False) -> None:
    """Check the configuration by the twelve factors.

    They are taken one by one, the worst finding first, each with what to do. Exits with 1 when a check fails.
    """
    from shopctl.doctor import examine

    told = examine(os.environ)
    if json:
        console.as_json({"checks": told})
    else:
        _show(told)
    if any(one.state == "fail" for one in told):
        raise typer.Exit(1)


def _show(told: "list[Told]") -> None:
    import sys

    mark = {"fail": console.failed, "warn": console.warn}
    for one in told:
        words = f"{one.factor:>2}  {one.name}: {one.found}"
        if one.state == "ok":
            console.done(words)
        else:
            mark[one.state](words, sys.stdout)
            console.next_step(one.remedy)
    counts = {state: sum(one.state == state for one in told) for state in ("fail", "warn", "ok")}
    console.line(f"{counts['fail']} failed, {counts['warn']} to look at, {counts['ok']} good")
