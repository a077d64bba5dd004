"""Both languages say the same things, in the shop's voice."""

import gettext
import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment, PackageLoader

from shopweb import locale, site
from shopweb.wording import Worded
from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi

MAPPING = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"silent": "false"}}
NOW = datetime(2026, 11, 24, 16, 5, tzinfo=UTC)


def said() -> set[str | tuple[str, ...]]:
    source = Path(str(files("shopweb")))
    return {message for _, _, message, _, _ in extract_from_dir(source, MAPPING, OPTIONS)}


def german() -> Catalog:
    with files("shopweb").joinpath("locales", "de", "messages.po").open("rb") as file:
        return read_po(file, locale="de")


def translated(message: Message) -> list[str]:
    texts = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return [text or "" for text in texts]


def test_german_says_everything_that_english_says_and_nothing_else() -> None:
    known = {message.id for message in german() if message.id}
    assert {name if isinstance(name, str) else tuple(name) for name in known} == said()
    assert len(known) > 100


def test_no_sentence_is_left_untranslated() -> None:
    for message in german():
        if message.id:
            assert all(translated(message)), message.id
            assert not message.fuzzy


@pytest.mark.parametrize("wrong", ["war aufgegeben", "aufgegeben war", "Versender"])
def test_no_word_stands_that_means_something_else_in_a_shop(wrong: str) -> None:
    """An order that is "aufgegeben" was placed; a "Versender" is the shop that sends."""
    assert not [message.id for message in german() if any(wrong in text for text in translated(message))]


def test_both_languages_name_the_same_values() -> None:
    for message in german():
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else message.id
            wanted = set(re.findall(r"%\(\w+\)s", ids[-1]))
            *one, many = [set(re.findall(r"%\(\w+\)s", text)) for text in translated(message)]
            assert many == wanted, message.id
            assert all(values <= wanted for values in one), message.id


@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_what_is_put_into_templates_when_they_are_compiled_is_what_would_be_looked_up(
    language: locale.Language,
) -> None:
    worded = site._templates(language)
    looked_up = worded.overlay(loader=PackageLoader("shopweb"), cache_size=0)
    context = {
        "kind": 413,
        "language": language,
        "theme": "dark",
        "request_id": "r",
        "in_office": True,
        "shop": "A & B",
    }
    page = worded.get_template("errors/plain.html").render(**context)
    assert page == looked_up.get_template("errors/plain.html").render(**context)
    assert ("Zum Inhalt" if language == "de" else "Skip to content") in page


def test_a_fixed_word_is_escaped_and_its_line_stays_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = gettext.NullTranslations()
    monkeypatch.setattr(catalog, "gettext", lambda message: '100 %% <b>"off"</b>')
    source, _, _ = Worded(catalog, site._assets()).get_source(Environment(), "errors/plain.html")
    assert ">100 % &lt;b&gt;&#34;off&#34;&lt;/b&gt;</a>" in source
    assert '{% set said = _("That is too much at once") %}' in source, "What has no fixed place is looked up."
    assert source.count("\n") == files("shopweb").joinpath("templates/errors/plain.html").read_text().count("\n")


def test_the_shops_voice() -> None:
    for message in german():
        if message.id:
            for text in [*translated(message), *([message.id] if isinstance(message.id, str) else message.id)]:
                assert "!" not in text
                assert "leider" not in text.lower()
                for sentence in re.split(r"[.:?] ", text):
                    assert len(sentence.split()) < 20, sentence


@pytest.mark.parametrize(
    ("accept", "chosen", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", None, "de"),
        ("en-GB,en;q=0.9,de;q=0.8", None, "en"),
        ("fr,de;q=0.5,en;q=0.3", None, "de"),
        ("fr", None, "en"),
        ("", None, "en"),
        ("de;q=0", None, "en"),
        ("de;q=rubbish", None, "en"),
        ("en", "de", "de"),
        ("de", "xx", "de"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers(accept: str, chosen: str | None, language: str) -> None:
    assert locale.preferred(accept, chosen) == language


def unbroken(written: str) -> str:
    return written.replace("~", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("at", "language", "short", "whole"),
    [
        (datetime(2026, 11, 24, 14, 2, tzinfo=UTC), "en", "14:02", "24~Nov~2026, 14:02 UTC"),
        (datetime(2026, 11, 23, 14, 2, tzinfo=UTC), "en", "Mon", "23~Nov~2026, 14:02 UTC"),
        (datetime(2026, 11, 23, 14, 2, tzinfo=UTC), "de", "Mo.", "23.~Nov.~2026, 14:02 UTC"),
        (datetime(2026, 11, 1, 14, 2, tzinfo=UTC), "en", "1~Nov", "1~Nov~2026, 14:02 UTC"),
        (datetime(2026, 11, 1, 14, 2, tzinfo=UTC), "de", "1.~Nov.", "1.~Nov.~2026, 14:02 UTC"),
        (datetime(2025, 11, 1, 14, 2, tzinfo=UTC), "en", "1~Nov~2025", "1~Nov~2025, 14:02 UTC"),
    ],
)
def test_times_are_short_and_whole(at: datetime, language: locale.Language, short: str, whole: str) -> None:
    moment = locale.Moment(at, NOW, language)
    assert (moment.short, moment.whole) == (unbroken(short), unbroken(whole))


@pytest.mark.parametrize(
    ("at", "language", "clock"),
    [
        (datetime(2026, 11, 24, 14, 2, tzinfo=UTC), "en", "14:02"),
        (datetime(2026, 11, 23, 14, 2, tzinfo=UTC), "en", "23~Nov, 14:02"),
        (datetime(2026, 11, 23, 14, 2, tzinfo=UTC), "de", "23.~Nov., 14:02"),
        (datetime(2025, 11, 23, 14, 2, tzinfo=UTC), "en", "23~Nov~2025, 14:02"),
        (datetime(2025, 11, 23, 14, 2, tzinfo=UTC), "de", "23.~Nov.~2025, 14:02"),
    ],
)
def test_who_changed_something_when_needs_the_time_of_day(at: datetime, language: locale.Language, clock: str) -> None:
    assert locale.Moment(at, NOW, language).clock == unbroken(clock)


def test_language_and_theme_are_kept_and_lead_back(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 12_345)
    page = staff.get("/office/stock?q=mug")
    page = staff.send(page, "/preferences", "Deutsch", language="de")
    assert str(page.answer.url).endswith("/office/stock?q=mug")
    assert '<html lang="de">' in page.html
    assert "12.345" in page.text
    page = staff.send(page, "/preferences", 'value="light"', theme="dark")
    assert '<html lang="de" data-theme="dark">' in page.html
    page = staff.post("/preferences", {"theme": "<script>", "language": "xx", "back": "//evil.example"})
    assert '<html lang="de" data-theme="dark">' in page.html
