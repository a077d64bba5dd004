"""Bad values: each refused by its path, in one message, before anything is written."""

from pathlib import Path

import pytest

from shopctl.main import answer

COMPOSE, TRAEFIK, K8S = "render-compose", "render-traefik", "render-k8s"
BAD = [
    (COMPOSE, "frontend.replicas=0", "a whole number from 1 to 100"),
    (COMPOSE, "frontend.replicas=-1", "a whole number"),
    (COMPOSE, "frontend.replicas=2.5", "a whole number"),
    (COMPOSE, "frontend.replicas=three", "a whole number"),
    (COMPOSE, "frontend.replicas=", "a whole number"),
    (COMPOSE, "frontend.replicas=101", "a whole number"),
    (COMPOSE, "shopapi.replicas=1e3", "a whole number"),
    (COMPOSE, "frontend.memory=12 bananas", "such as 256Mi"),
    (COMPOSE, "frontend.memory=0Mi", "such as 256Mi"),
    (COMPOSE, "frontend.memory=256", "such as 256Mi"),
    (COMPOSE, "worker.memory=256MB", "such as 256Mi"),
    (COMPOSE, "database.memory=-1Gi", "such as 256Mi"),
    (COMPOSE, "frontend.cpu=0", "cores"),
    (COMPOSE, "frontend.cpu=half", "cores"),
    (COMPOSE, "shopapi.cpu=-500m", "cores"),
    (COMPOSE, "frontend.cpu=5m", "10m or more"),
    (COMPOSE, "frontend.cpu=0.005", "10m or more"),
    (COMPOSE, "frontend.memory=15Mi", "16Mi or more"),
    (COMPOSE, "database.memory=1Mi", "16Mi or more"),
    (COMPOSE, "port=0777", "a whole number"),
    (COMPOSE, "build.context=", "the path of a directory"),
    (COMPOSE, "trustedProxies=0.0.0.0/0", "strangers would be believed"),
    (COMPOSE, "trustedProxies=10.0.0.0/8,::/0", "strangers would be believed"),
    (COMPOSE, "trustedProxies=0.0.0.0/1,128.0.0.0/1", "strangers would be believed"),
    (COMPOSE, "host=shop_example", "a host name"),
    (COMPOSE, "host=https://shop.example", "a host name"),
    (COMPOSE, "host=shop.example:8080", "a host name"),
    (COMPOSE, "host=-shop.example", "a host name"),
    (COMPOSE, "host=shop..example", "a host name"),
    (COMPOSE, f"host={'a' * 64}.example", "a host name"),
    (COMPOSE, f"host={'a.' * 130}example", "a host name"),
    (COMPOSE, "host=bücher.example", "a host name"),
    (COMPOSE, "host=10.0.0.1", "a host name"),
    (COMPOSE, "host=`whoami`", "a host name"),
    (COMPOSE, "image=shop", "a tag or a digest"),
    (COMPOSE, "image=shop:latest", "latest is another image tomorrow"),
    (COMPOSE, "image=Shop:1.0", "a tag or a digest"),
    (COMPOSE, "image=shop@sha256:abc", "a tag or a digest"),
    (COMPOSE, 'image=shop:1"\nprivileged: true', "a tag or a digest"),
    (COMPOSE, "database.image=postgres", "a tag or a digest"),
    (COMPOSE, "database.user=0", "a whole number from 1"),
    (COMPOSE, "port=0", "a whole number from 1 to 65535"),
    (COMPOSE, "port=65536", "a whole number from 1 to 65535"),
    (COMPOSE, "seed=everything", "one of demo, empty, none"),
    (COMPOSE, "trustedProxies=everybody", "no network"),
    (COMPOSE, "trustedProxies=10.0.0.1/8", "no network"),
    (TRAEFIK, "api.host=api/v1", "a host name"),
    (TRAEFIK, "api.host=localhost", "the same as host"),
    (TRAEFIK, "api.expose=some", "one of all, webhooks, none"),
    (TRAEFIK, "acme.email=me", "an e-mail address"),
    (TRAEFIK, "acme.email=me@meine.de", "no authority gives a certificate"),
    (TRAEFIK, "acme.email=me\x01@meine.de", "an e-mail address"),
    (TRAEFIK, "acme.email=me@meine.de\x00", "an e-mail address"),
    (TRAEFIK, "acme.server=http://ca.example", "an https:// URL"),
    (TRAEFIK, "acme.server=https://ca.example/directory", "acme.email is empty"),
    (TRAEFIK, "tls.cert=./shop.crt", "a certificate has both"),
    (TRAEFIK, "tls.key=$HOME/shop.key", "no $"),
    (TRAEFIK, "traefik.httpPort=443", "the same as traefik.httpsPort"),
    (TRAEFIK, "limits.requests=none", "a whole number"),
    (TRAEFIK, "frontend.urls=localhost:5050", "write http://127.0.0.1:5050"),
    (TRAEFIK, "frontend.urls=http://127.0.0.1:99999", "write http://127.0.0.1:5050"),
    (TRAEFIK, "frontend.urls=http://127.0.0.1:0", "write http://127.0.0.1:5050"),
    (TRAEFIK, "frontend.urls=http://127.0.0.256:5050", "write http://127.0.0.1:5050"),
    (TRAEFIK, "frontend.urls=http://:::]:5", "write http://127.0.0.1:5050"),
    (TRAEFIK, "frontend.urls=http://[::g]:5", "write http://127.0.0.1:5050"),
    (TRAEFIK, "frontend.urls=http://-a:5", "write http://127.0.0.1:5050"),
    (TRAEFIK, "shopapi.urls=", "is empty; write http://127.0.0.1:5050"),
    (TRAEFIK, "shopapi.urls=http://a:1,http://a:1", "twice"),
    (K8S, "namespace=My Shop", "a name of a-z"),
    (K8S, "database.kind=mysql", "one of statefulset, external"),
    (K8S, "database.storage=much", "such as 256Mi"),
    (K8S, "ingress.kind=route", "one of ingress, ingressroute, httproute"),
    (K8S, "ingress.className=", "a name of a-z"),
    (K8S, "networkPolicy=yes", "true or false"),
    (K8S, "autoscaling=1", "true or false"),
    (K8S, "secrets.create=maybe", "true or false"),
    (K8S, "tls.secret=Shop_TLS", "a name of a-z"),
    (K8S, "frontend.maxReplicas=1", "fewer than frontend.replicas"),
    (K8S, "tls.issuer=letsencrypt", "name the Secret that cert-manager writes"),
]


@pytest.mark.parametrize(("command", "setting", "reason"), BAD)
def test_a_bad_value_is_refused_by_its_path(
    command: str, setting: str, reason: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    assert answer([command, "--set", setting, "--output", str(folder)]) == 2
    told = capsys.readouterr()
    path = setting.partition("=")[0]
    refused = [line for line in told.err.splitlines() if line.startswith("  ✗ ")]
    assert len(refused) == 1, told.err
    assert path in refused[0]
    assert reason in refused[0]
    assert "\x1b" not in told.err
    assert told.out == ""
    assert not folder.exists()


PUBLIC = ["host=shop.meine.de", "acme.email=ich@meine.de"]
TOGETHER = [
    (COMPOSE, ["port=65535", "frontend.replicas=3"], "they end at 65537, above 65535"),
    (TRAEFIK, ["frontend.urls=http://a:1,http://b:1", "frontend.replicas=3"], "frontend.urls names 2, and"),
    (TRAEFIK, [*PUBLIC, "api.host=api.shop.test"], 'api.host is "api.shop.test", for which no authority'),
    (TRAEFIK, [*PUBLIC, "traefik.httpsPort=8443"], "the authority calls port 443"),
]


@pytest.mark.parametrize(("command", "settings", "words"), TOGETHER)
def test_values_that_do_not_go_together_are_refused(
    command: str, settings: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer([command, *(word for one in settings for word in ("--set", one))]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (refused,) = [line for line in told.err.splitlines() if line.startswith("  ✗ ")]
    assert words in refused


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (COMPOSE, ["port=65533", "frontend.replicas=3"]),
        (TRAEFIK, [*PUBLIC, "api.host=api.shop.test", "api.expose=none"]),
        (TRAEFIK, [*PUBLIC, "acme.server=https://acme.meine.de/directory"]),
        (TRAEFIK, ["frontend.urls=http://web-1:5050,http://[fd00::1]:5050"]),
        (TRAEFIK, ["frontend.urls=http://10.0.0.1:1,http://10.0.0.2:1", "frontend.replicas=2"]),
        (COMPOSE, ["frontend.cpu=10m", "frontend.memory=16Mi"]),
        (COMPOSE, ["trustedProxies=10.0.0.0/8,fc00::/7,203.0.113.7/32"]),
    ],
)
def test_values_at_the_edge_are_taken(command: str, settings: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer([command, *(word for one in settings for word in ("--set", one))]) == 0, capsys.readouterr().err


def test_every_bad_value_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer([COMPOSE, "--set", "port=0", "--set", "host=_", "--set", "seed=x"]) == 2
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()[:3]] == ["port", "host", "seed"]


@pytest.mark.parametrize(
    ("command", "setting", "words"),
    [
        (COMPOSE, "frontend.replcas=3", "No value is called frontend.replcas. Did you mean frontend.replicas?"),
        (COMPOSE, "Host=shop.example", "No value is called Host. Did you mean host?"),
        (COMPOSE, "acme.email=me@meine.de", "acme.email is no value of render-compose; it is one of render-traefik."),
        (K8S, "seed=demo", "seed is no value of render-k8s; it is one of render-compose and render-traefik."),
        (TRAEFIK, "host", '--set "host" has no value'),
    ],
)
def test_an_unknown_value_is_told_with_the_nearest_known_one(
    command: str, setting: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer([command, "--set", setting]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: : b", "values.yaml is no YAML: line 1"),
        ("host: [", "values.yaml is no YAML"),
        ("host: a.example\nhost: b.example\n", 'line 2: "host" is given twice'),
        ("- host", "is no mapping of values"),
        ("host: shop.example\n---\nhost: b.example\n", "holds 2 documents"),
        ("frontend: 3", "No value is called frontend. Did you mean frontend."),
        ("frontend: {replicas: [3]}", "frontend.replicas is a list; it is a whole number"),
        ("frontend: {replicas: 2.5}", 'frontend.replicas is "2.5"; it is a whole number'),
        ("frontend: {replicas: true}", 'frontend.replicas is "true"; it is a whole number'),
        ("frontend: {replicas: {n: 3}}", "frontend.replicas is a mapping; it is a whole number"),
        ("frontend: {replica: 3}", "No value is called frontend.replica. Did you mean frontend.replicas?"),
        ("host: 12", 'host is "12"; it is a host name'),
        ("host:", "host is empty; it is a host name"),
        ("host: yes", 'host is "true"; it is a host name'),
        ("1: 2", "No value is called 1."),
        ("traefik: {httpPort: 0777}", 'traefik.httpPort is "0777"; it is a whole number'),
        ("traefik: {httpPort: 0x50}", 'traefik.httpPort is "0x50"; it is a whole number'),
        ("traefik: {httpPort: 8_080}", 'traefik.httpPort is "8_080"; it is a whole number'),
        ("traefik: {httpPort: 1:30}", 'traefik.httpPort is "1:30"; it is a whole number'),
        ("traefik: {httpPort: 80.0}", 'traefik.httpPort is "80.0"; it is a whole number'),
        ("host: !!python/object/apply:os.system [id]", "is no YAML"),
    ],
)
def test_a_values_file_that_cannot_be_used_is_told(
    content: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(content)
    assert answer([TRAEFIK, "--values", "values.yaml"]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""


def test_a_values_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("latin.yaml").write_bytes(b"host: b\xfccher.example")
    assert answer([COMPOSE, "--values", "nowhere.yaml"]) == 2
    assert "nowhere.yaml cannot be read: No such file or directory." in capsys.readouterr().err
    assert answer([COMPOSE, "--values", "latin.yaml"]) == 2
    assert "latin.yaml is not UTF-8 text." in capsys.readouterr().err
    assert answer([COMPOSE, "--values", "."]) == 2
    assert ". cannot be read: Is a directory." in capsys.readouterr().err


def test_an_unknown_provider_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer([TRAEFIK, "--provider", "consul"]) == 2
    assert '--provider is "consul"; it is docker or file.' in capsys.readouterr().err
