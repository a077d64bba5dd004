"""What pages say of the project is so: links lead somewhere, and what they name is there."""

import re
import tomllib
from typing import Any

import pytest
import typer.main

from shopctl.main import application
from shopctl.settings import every_meaning
from tests.docs import pages

# What a page may name beside the settings: one that says how a misspelt one is refused, one for the tests alone.
NO_SETTINGS = {"SHOP_SERVICE_HOST", "SHOPCTL_TEST_POSTGRES"}


def known_settings() -> set[str]:
    return {told.name for told in every_meaning()} | {f"{told.name}_FILE" for told in every_meaning() if told.secret}


def commands() -> dict[str, Any]:
    """Every command of the program by its full name, and the options of each."""
    root: Any = typer.main.get_command(application())

    def below(path: str, group: Any) -> dict[str, Any]:
        found = {path: group}
        for name, command in getattr(group, "commands", {}).items():
            found |= below(f"{path} {name}".strip(), command)
        return found

    return below("", root)


@pytest.mark.parametrize("name", pages.NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in pages.links(name):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = ((pages.ROOT / name).parent / path).resolve() if path else pages.ROOT / name
        assert target.exists(), f"{name} links to {link}"
        if anchor:
            assert anchor in pages.anchors(str(target.relative_to(pages.ROOT))), f"{name} links to {link}"


@pytest.mark.parametrize("name", pages.NAMES)
def test_every_command_is_one_of_the_program_s(name: str) -> None:
    known = commands()
    for code in pages.code(name):
        for words in re.findall(r"shopctl((?: +[a-z-][\w-]*)+)", code):
            told = words.split()
            command = next((" ".join(told[:n]) for n in (2, 1) if " ".join(told[:n]) in known), "")
            assert command or told[0].startswith("-"), f"{name} names shopctl {told[0]}"
            options = {option for param in known[command].params for option in param.opts + param.secondary_opts}
            for option in filter(lambda word: word.startswith("--"), told):
                assert option in options | {"--help"}, f"{name} names shopctl {command} {option}"


@pytest.mark.parametrize("name", pages.NAMES)
def test_every_setting_is_a_known_one(name: str) -> None:
    pattern = r"\b(?:SHOP_[A-Z_]+[A-Z]|SHOPCTL_[A-Z_]+|DATABASE_URL\w*|API_SERVER_URL\w*)\b"
    named = set(re.findall(pattern, pages.text_of(name)))
    assert named <= known_settings() | NO_SETTINGS, f"{name} names what is no setting"


@pytest.mark.parametrize("name", pages.NAMES)
def test_every_make_target_is_in_the_makefile(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (pages.ROOT / "Makefile").read_text(), re.MULTILINE))
    for code in pages.code(name):
        for target in re.findall(r"\bmake ([a-z]+)\b", code):
            assert target in targets, f"{name} names make {target}"


@pytest.mark.parametrize("name", pages.NAMES)
def test_every_file_that_is_named_is_there(name: str) -> None:
    for code in pages.code(name):
        if re.fullmatch(r"(?:src|tests|docs|bench|requirements)/[\w./*-]+", code):
            assert list(pages.ROOT.glob(code.rstrip("/"))), f"{name} names {code}"


@pytest.mark.parametrize("name", [name for name in pages.NAMES if "/explanation/" in name or "/decisions/0" in name])
def test_every_name_of_the_source_is_there(name: str) -> None:
    """`once()`, `InFlight`, `ADD_ITEM` and `ck_stock_level_reserved` are names that the source has."""
    source = "\n".join(file.read_text(encoding="utf-8") for file in (pages.ROOT / "src").rglob("*.py"))
    named = re.findall(r"`(\w[\w.]*)\(\)`|`([A-Z][a-z]+[A-Z]\w+)`|`(_[A-Z_]+|ADD_ITEM|MAIN_\w+)`", pages.text_of(name))
    for code in ("".join(found).rpartition(".")[2] for found in named):
        assert re.search(rf"\b(?:def|class) {code}\b|^{code}\b.* = ", source, re.MULTILINE), f"{name} names {code}"
    for constraint in re.findall(r"`((?:ck|uq)_\w+)`", pages.text_of(name)):
        assert f'"{constraint}"' in source, f"{name} names {constraint}"


def test_the_index_leads_to_every_page() -> None:
    led_to = {(pages.ROOT / "docs" / link.partition("#")[0]).resolve() for link in pages.links("docs/README.md")}
    written = {page for page in (pages.ROOT / "docs").rglob("*.md") if page.name != "README.md"}
    assert written <= led_to, f"The index leaves out {sorted(map(str, written - led_to))}"


def test_the_readme_s_test_command_is_the_one_that_ci_runs() -> None:
    readme, ci = pages.text_of("README.md"), (pages.ROOT / ".ci/run").read_text(encoding="utf-8")
    assert any(re.search(r"^make test\b", block, re.MULTILINE) for block in pages.blocks("README.md", "sh"))
    assert re.search(r"^make test$", ci, re.MULTILINE)
    assert "`make test`" in readme or "make test " in readme


def test_every_command_is_in_the_readme_s_table() -> None:
    named = set(re.findall(r"^\| `shopctl ([a-z0-9-]+)", pages.text_of("README.md"), re.MULTILINE))
    assert named == {name for name in commands() if name and " " not in name}


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    groups += project["dependency-groups"].values()
    page = pages.text_of("docs/decisions/dependencies.md")
    for needed in {re.split(r"[\[<>=; ]", line)[0] for group in groups for line in group}:
        assert re.search(rf"(?<![\w-]){re.escape(needed)}(?![\w-])", page), f"{needed} has no reason"


def test_what_is_shipped_from_others_has_its_licence_beside_it() -> None:
    licences = re.findall(r"`(src/[\w./-]+)`", pages.text_of("docs/decisions/dependencies.md"))
    assert len(licences) >= 4
    assert all((pages.ROOT / file).is_file() for file in licences)


def test_the_picture_is_quick_to_load() -> None:
    assert (pages.ROOT / "docs/images/stock.png").stat().st_size < 120_000
