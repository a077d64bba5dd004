"""Several that fill one empty shop at once fill it once."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from shopapi.db.engine import Database
from shopctl.seeds import demo, large
from tests import factories
from tests.processes import clean_environment

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


@pytest.mark.parametrize("staff", ["no staff", pytest.param("staff", marks=pytest.mark.thorough)])
def test_four_that_seed_at_once_add_the_goods_once(database: Database, environment: dict[str, str], staff: str) -> None:
    if staff == "staff":
        with database.writing() as c:
            factories.staff(c, role="owner")
    seeding = [
        subprocess.Popen(
            [sys.executable, "-m", "shopctl", "seed", "--products", "30", "--json"],
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    told = [process.communicate(timeout=60) for process in seeding]
    assert [process.returncode for process in seeding] == [0, 0, 0, 0], told

    reports = [json.loads(out) for out, _ in told]
    goods = [*demo.products(datetime.now(UTC)), *large.made_up(30)]
    assert sorted(one["demo_products_added"] for one in reports) == [0, 0, 0, len(goods) - 30]
    assert sorted(one["made_up_products_added"] for one in reports) == [0, 0, 0, 30]
    assert [one["refused"] for one in reports] == [[]] * 4
    owners = [one["owner_password"] for one in reports if one["owner_password"]]
    assert len(owners) == (1 if staff == "no staff" else 0)
    with database.reading() as c:
        movements = factories.sums_of_movements(c)
    assert movements == {"receive": sum(variant.on_hand or 0 for one in goods for variant in one.variants)}
