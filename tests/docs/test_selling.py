"""The program on the page about selling buys a mug, as it stands there."""

import subprocess
import sys

import pytest

from tests.cli.conftest import Shopctl, shop
from tests.conftest import ApiProcesses
from tests.docs import pages
from tests.processes import clean_environment

__all__ = ["shop"]


@pytest.mark.processes
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_program_buys_a_mug(shop: Shopctl, api_processes: ApiProcesses) -> None:
    assert shop("seed", "--no-owner").code == 0
    (program,) = pages.blocks("docs/how-to/sell.md", "python")
    (api,) = api_processes()
    told = subprocess.run(
        [sys.executable, "-c", program.replace("http://127.0.0.1:8000", api.url)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    number, state, iban = told.stdout.split()
    assert (state, iban) == ("placed", "DE79000000001234567890")
    assert shop("orders", "pay", number, "--reference", "SEPA 4711").code == 0
