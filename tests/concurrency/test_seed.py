"""Several that fill one empty shop at once fill it once."""

import subprocess
import sys

import pytest

from shopapi.db.engine import Database
from tests import factories
from tests.processes import clean_environment

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


@pytest.mark.parametrize("staff", ["no staff", "staff"])
def test_four_that_seed_at_once_add_the_goods_once(database: Database, environment: dict[str, str], staff: str) -> None:
    if staff == "staff":
        with database.writing() as c:
            factories.staff(c, role="owner")
    seeding = [
        subprocess.Popen(
            [sys.executable, "-m", "shopctl", "seed", "--json"],
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    told = [process.communicate(timeout=60) for process in seeding]
    assert [process.returncode for process in seeding] == [0, 0, 0, 0], told

    added = sorted(int(out.partition('"items_added":')[2].partition(",")[0]) for out, _ in told)
    assert added == [0, 0, 0, 12]
    with database.reading() as c:
        movements = factories.sums_of_movements(c)
    assert movements == {"receive": 504}
