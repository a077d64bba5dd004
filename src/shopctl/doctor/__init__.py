"""``shopctl doctor``: the twelve factors (https://12factor.net), one by one, on the configuration at hand.

Each module has checks of one kind: ``configuration`` asks the settings alone, ``data`` the database, ``selling`` both
about what a sale needs, ``machine`` what this process runs on and can reach.
"""

from collections.abc import Mapping

from shopctl.doctor import configuration, data, machine, selling
from shopctl.doctor.checks import Situation, Told, worst_first

CHECKS = (*configuration.CHECKS, *data.CHECKS, *selling.CHECKS, *machine.CHECKS)
"""Every check."""


def examine(environ: Mapping[str, str]) -> list[Told]:
    """Run every check on the configuration that ``environ`` has, and answer the worst first. It never raises."""
    with Situation(environ) as situation:
        return worst_first([check.told(situation) for check in CHECKS])
