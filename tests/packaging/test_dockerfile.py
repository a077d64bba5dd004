"""What can be said of the Dockerfile without an engine."""

import re
import subprocess
import sys
from pathlib import Path

import shopctl
from tests.containers.images import DOCKERFILE, ROOT

TEXT = (ROOT / DOCKERFILE).read_text()


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).with_name("hadolint")
    told = subprocess.run(
        [program, "--no-color", "--failure-threshold=style", ROOT / DOCKERFILE],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (told.returncode, told.stdout) == (0, ""), told.stdout + told.stderr


def test_its_version_is_that_of_the_package() -> None:
    assert re.findall(r"^ARG VERSION=(.*)$", TEXT, re.M) == [shopctl.__version__]


def test_it_fetches_no_front_end_from_a_registry() -> None:
    assert not re.search(r"^#\s*syntax\s*=", TEXT, re.M)


def test_what_it_takes_away_is_what_hatchling_brought() -> None:
    pins = (ROOT / "requirements/run.txt").read_text()
    # In the list of pins each package has its reasons below it: "via hatchling", or several lines of them.
    packages = re.findall(r"^([a-z0-9-]+)==.*?# via(.*?)(?=^[a-z0-9-]+==|\Z)", pins, re.M | re.S)
    build = {"hatchling", "editables"} | {
        name for name, why in packages if set(re.findall(r"\S+", why)) <= {"#", "hatchling"}
    }
    (taken,) = re.findall(r"pip uninstall --quiet --yes \\\n(.*)", TEXT)
    assert set(taken.split()) - {"pip", "setuptools"} == build
