"""What selling needs reaches the parts that need it, and what is for trying out never leaves this machine."""

from collections.abc import Sequence

import pytest

from shopctl.manifests.check_settings import weaknesses
from shopctl.manifests.render import render
from shopctl.manifests.topology import Service, topology
from shopctl.manifests.values import Form, ValuesError, read
from tests.manifests.combinations import KUBERNETES

FORMS: Sequence[Form] = ("compose", "traefik", "kubernetes")
TO_SELL = ["mail.enabled=true", "mail.from=shop@meine.de", "payment.manualDays=14", "payment.origins=https://pay.de"]
TRYING_OUT = ("SHOP_TEST_MODE", "SHOP_FAILPOINTS", "SHOP_SANDBOX", "serve-sandbox-provider", "sandbox.db")


def services(form: Form, *settings: str) -> dict[str, Service]:
    return dict(topology(read(form, [], list(settings))).services)


@pytest.mark.parametrize("form", FORMS)
def test_each_part_gets_what_it_needs_to_sell_and_no_more(form: Form) -> None:
    told = services(form, *TO_SELL)
    names = {name: {*one.environment, *one.secrets} for name, one in told.items()}
    having = {
        setting: {name for name, known in names.items() if setting in known}
        for setting in (
            *("SHOP_MAIL_URL", "SHOP_MAIL_FROM", "SHOP_MANUAL_PAYMENT_DAYS", "SHOP_PAYMENT_ORIGINS"),
            *("SHOP_PUBLIC_URL", "SHOP_SECRET_KEY"),
        )
    }
    assert having == {
        "SHOP_MAIL_URL": {"shopapi", "worker"},
        "SHOP_MAIL_FROM": {"worker"},
        "SHOP_MANUAL_PAYMENT_DAYS": {"shopapi"},
        "SHOP_PAYMENT_ORIGINS": {"frontend"},
        "SHOP_PUBLIC_URL": {"shopapi", "frontend", "worker"},
        "SHOP_SECRET_KEY": {"shopapi", "frontend", "worker"},
    }
    assert told["shopapi"].environment["SHOP_MANUAL_PAYMENT_DAYS"] == "14"
    assert told["frontend"].environment["SHOP_PAYMENT_ORIGINS"] == "https://pay.de"


@pytest.mark.parametrize("form", FORMS)
def test_without_a_mail_server_nobody_looks_for_its_url(form: Form) -> None:
    assert not any("SHOP_MAIL_URL" in one.secrets for one in services(form).values())


@pytest.mark.parametrize("form", FORMS)
def test_the_mail_server_s_url_comes_as_a_file(form: Form) -> None:
    text = "\n".join(one.text for one in render(read(form, [], TO_SELL)))
    assert "SHOP_MAIL_URL_FILE" in text
    assert "smtp" not in text


def test_a_patch_that_writes_it_into_the_open_is_warned_of() -> None:
    document = {"services": {"worker": {"environment": {"SHOP_MAIL_URL": "smtp://shop:secret@mail.example"}}}}
    (told,) = weaknesses("compose", [document])
    assert "services.worker.environment.SHOP_MAIL_URL is a secret" in told
    assert "secret@" not in told


@pytest.mark.parametrize(
    ("form", "settings"),
    [
        *((form, ()) for form in FORMS),
        *((form, tuple(TO_SELL)) for form in FORMS),
        *(("kubernetes", k) for k in KUBERNETES),
    ],
)
def test_nothing_of_the_tests_and_no_sandbox_is_ever_rendered(form: Form, settings: tuple[str, ...]) -> None:
    text = "\n".join(one.text for one in render(read(form, [], list(settings))))
    assert not [name for name in TRYING_OUT if name in text]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("payment.origins=http://pay.de", 'payment.origins names "http://pay.de"; write https://pay.example.'),
        ("payment.origins=https://pay.de/form", 'payment.origins names "https://pay.de/form"'),
        ("payment.manualDays=0", 'payment.manualDays is "0"; it is a whole number from 1 to 90.'),
        ("mail.enabled=yes", 'mail.enabled is "yes"; it is true or false.'),
        ("mail.from=nobody", 'mail.from is "nobody"; it is an e-mail address.'),
        ("mail.url=smtp://a:b@c", "No value is called mail.url."),
    ],
)
def test_what_cannot_be_is_told_by_its_path(setting: str, words: str) -> None:
    with pytest.raises(ValuesError) as refused:
        read("kubernetes", [], [setting])
    assert words in str(refused.value)


def test_a_made_up_secret_cannot_hold_a_mail_server() -> None:
    with pytest.raises(ValuesError, match="nobody but you knows the mail server's URL"):
        read("kubernetes", [], ["secrets.create=true", "mail.enabled=true"])
