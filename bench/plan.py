"""How long and how often everything is measured."""

import os
from dataclasses import dataclass
from typing import Final

_WARM_UP_S: Final = 3.0


@dataclass(frozen=True)
class Plan:
    """``runs`` measurements of ``seconds`` each, after a warm-up, with ``connections`` kept alive.

    ``requests`` is how many a process answers before its memory is looked at.
    """

    seconds: float = 10.0
    runs: int = 3
    requests: int = 10_000
    connections: int = 32
    items: int = 1_000

    @property
    def warm_up_s(self) -> float:
        """Seconds of load before the first measurement; shorter where the measurements are."""
        return min(_WARM_UP_S, 0.3 * self.seconds)

    @classmethod
    def of_environment(cls) -> "Plan":
        """The defaults, with BENCH_SECONDS, BENCH_RUNS and BENCH_REQUESTS over them."""
        return cls(
            seconds=float(os.environ.get("BENCH_SECONDS") or cls.seconds),
            runs=int(os.environ.get("BENCH_RUNS") or cls.runs),
            requests=int(os.environ.get("BENCH_REQUESTS") or cls.requests),
        )


class CannotMeasureError(Exception):
    """What a row needs is not there, or broke; the row says so instead of a figure."""
