"""Pictures: by the hash of their content, so that they never change."""

import hashlib

import httpx
import pytest
from sqlalchemy import func, insert, select

from shopapi.db.engine import Database
from shopapi.media.tables import media, media_file
from tests import factories
from tests.api.problems import problem

DRAWING = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture
def name(database: Database) -> str:
    return database.write(lambda c: factories.picture(c, DRAWING))


def test_a_picture_is_called_by_the_hash_of_its_bytes_and_never_changes(shopper: httpx.Client, name: str) -> None:
    assert name == hashlib.sha256(DRAWING).hexdigest()
    answer = shopper.get(f"/v1/media/{name}.svg")
    assert (answer.status_code, answer.content) == (200, DRAWING)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-length"] == str(len(DRAWING))


def test_a_drawing_that_is_opened_by_itself_can_do_nothing(shopper: httpx.Client, name: str) -> None:
    headers = shopper.get(f"/v1/media/{name}.svg").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    for one in ("content-security-policy", "cross-origin-resource-policy", "cache-control"):
        assert len(headers.get_list(one)) == 1, "Two headers of one name are no policy."


def test_storing_a_picture_twice_keeps_it_once(database: Database, name: str) -> None:
    assert database.write(lambda c: factories.picture(c, DRAWING)) == name
    with database.reading() as c:
        assert c.execute(select(func.count()).select_from(media)).scalar() == 1
        assert c.execute(select(func.count()).select_from(media_file)).scalar() == 1


def test_the_width_that_is_sent_is_the_nearest_above(shopper: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        image = factories.picture(c, b"320", kind="webp", width=320)
        for width in (640, 1280):
            c.execute(insert(media_file).values(sha256=image, width=width, content=str(width).encode()))
    expected = {"160": b"320", "320": b"320", "480": b"640", "640": b"640", "960": b"1280", "1280": b"1280"}
    for asked, content in {**expected, "1920": b"1280"}.items():
        answer = shopper.get(f"/v1/media/{image}.webp?w={asked}")
        assert (answer.content, answer.headers["content-type"]) == (content, "image/webp"), asked
    assert shopper.get(f"/v1/media/{image}.webp").content == b"1280"


@pytest.mark.parametrize(
    "query", ["w=1", "w=0", "w=-1", "w=", "w=161", "w=0160", "w=160.0", "w=160&w=320", "h=1", "w=1e3"]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_width_outside_the_set_is_400(shopper: httpx.Client, name: str, query: str) -> None:
    problem(shopper.get(f"/v1/media/{name}.svg?{query}"), 400, "invalid_request", query[0])


def test_what_is_no_picture_of_the_shop_is_404(shopper: httpx.Client, name: str) -> None:
    other = "0" * 64
    named = [f"{name}.png", f"{name}.webp", f"{name}.SVG", f"{name.upper()}.svg", name, f"{name}.", f"{name}.svg.svg"]
    wrong = [f"{other}.svg", f"{name[:-1]}.svg", f"{name}0.svg", "%00.svg", f"{name}.exe", f"{name}.svg%0a", "..%2fx"]
    for one in (*named, *wrong):
        answer = shopper.get(f"/v1/media/{one}")
        problem(answer, 404, "not_found")
        assert "immutable" not in answer.headers["cache-control"]
