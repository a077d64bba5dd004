"""Every value of the manifests: its path, default and meaning; and the reading of ``--values`` and ``--set``.

A value is text of a certain kind. Later ones win: defaults, then files in their order, then ``--set``.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from shopctl import __version__
from shopctl.manifests import kinds
from shopctl.manifests.kinds import Kind

Form = Literal["compose", "traefik", "kubernetes"]
"""What is rendered: Compose alone, Compose with Traefik in front (or Traefik's own files), Kubernetes."""

Default = str | Callable[["Values"], str]
LAST_PORT: Final = 65535
COMMAND: Final[Mapping[Form, str]] = {
    "compose": "render-compose",
    "traefik": "render-traefik",
    "kubernetes": "render-k8s",
}
_EVERYWHERE: Final[tuple[Form, ...]] = ("compose", "traefik", "kubernetes")
_DOCKER: Final[tuple[Form, ...]] = ("compose", "traefik")
_TRAEFIK: Final[tuple[Form, ...]] = ("traefik",)
_KUBERNETES: Final[tuple[Form, ...]] = ("kubernetes",)


@dataclass(frozen=True)
class Value:
    """What is known of one value before anything is set."""

    path: str
    kind: Kind
    meaning: str
    default: Mapping[Form, Default]
    example: str
    """Another value that it may have; ``--explain`` tries it to see which lines the value puts where."""


class ValuesError(Exception):
    """Values that cannot be used: a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class Values:
    """The values of one rendering. ``values["frontend.replicas"]`` is its text, set or by default."""

    def __init__(self, form: Form, given: Mapping[str, tuple[str, str]] | None = None) -> None:
        self.form = form
        self.self_signed = False
        """Whether ``tls.cert`` is one that browsers warn of, made by ``--self-signed``."""
        self._given = dict(given or {})

    def __getitem__(self, path: str) -> str:
        if path in self._given:
            return self._given[path][0]
        default = _KNOWN[self.form][path].default[self.form]
        return default if isinstance(default, str) else default(self)

    def is_on(self, path: str) -> bool:
        """Whether a switch is ``true``."""
        return self[path] == "true"

    def number(self, path: str) -> int:
        """A whole number."""
        return int(self[path])

    def source(self, path: str) -> str:
        """Where a value came from: ``default``, a file's name or ``--set``."""
        return self._given[path][1] if path in self._given else "default"

    def known(self) -> list[Value]:
        """Every value that this form has, in the order in which they are told."""
        return list(_KNOWN[self.form].values())

    def having(self, path: str, text: str) -> "Values":
        """The same but for one value."""
        other = Values(self.form, {**self._given, path: (text, "tried")})
        other.self_signed = self.self_signed
        return other


def read(form: Form, files: Sequence[tuple[str, object]], settings: Sequence[str]) -> Values:
    """The values of a rendering from parsed files (name and content) and ``NAME=VALUE`` settings.

    Raises :class:`ValuesError` that names each one that cannot be used by its path.
    """
    given: dict[str, tuple[str, str]] = {}
    problems: list[str] = []
    for path, raw, source in [*_from_files(form, files, problems), *_from_settings(settings, problems)]:
        known = _KNOWN[form].get(path)
        if known is None:
            problems.append(_unknown(form, path))
            continue
        try:
            given[path] = (known.kind(raw), source)
        except ValueError as error:
            problems.append(f"{path} {error}.")
    values = Values(form, given)
    problems += [] if problems else _together(values)
    if problems:
        raise ValuesError(list(dict.fromkeys(problems)))
    return values


def _from_files(form: Form, files: Sequence[tuple[str, object]], problems: list[str]) -> list[tuple[str, object, str]]:
    found = []
    for source, content in files:
        if content is None:
            continue
        if not isinstance(content, dict):
            problems.append(f"{source} is no mapping of values; write for example  host: shop.example")
            continue
        found += [(path, raw, source) for path, raw in _flat(content, "")]
    return found


def _flat(content: Mapping[Any, Any], above: str) -> Iterator[tuple[str, object]]:
    for key, value in content.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and path not in _PATHS:
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def _from_settings(settings: Sequence[str], problems: list[str]) -> list[tuple[str, object, str]]:
    found: list[tuple[str, object, str]] = []
    for setting in settings:
        path, equals, text = setting.partition("=")
        if equals:
            found.append((path.strip(), text, "--set"))
        else:
            problems.append(f'--set "{setting}" has no value; write --set host=shop.example')
    return found


def _unknown(form: Form, path: str) -> str:
    elsewhere = [COMMAND[other] for other in _EVERYWHERE if path in _KNOWN[other]]
    if elsewhere:
        return f"{path} is no value of {COMMAND[form]}; it is one of {' and '.join(elsewhere)}."
    by_lower_case = {known.lower(): known for known in _KNOWN[form]}
    near = difflib.get_close_matches(path.lower(), by_lower_case, n=1, cutoff=0.5)
    return f"No value is called {path}." + (f" Did you mean {by_lower_case[near[0]]}?" if near else "")


def _together(values: Values) -> list[str]:
    """What each value allows and all of them together do not."""
    by_form = {"compose": _compose, "traefik": _traefik, "kubernetes": _kubernetes}
    problems = list(by_form[values.form](values))
    if values.form != "compose" and values["api.host"] == values["host"] and values["api.expose"] != "none":
        problems.append(f'api.host is "{values["api.host"]}", the same as host; the API needs a host of its own.')
    return problems


def _compose(values: Values) -> Iterator[str]:
    last = values.number("port") + values.number("frontend.replicas") - 1
    if last > LAST_PORT:
        yield (
            f'port is "{values["port"]}", and each of {values["frontend.replicas"]} frontend.replicas has one: '
            f"they end at {last}, above {LAST_PORT}."
        )


def _traefik(values: Values) -> Iterator[str]:
    if bool(values["tls.cert"]) != bool(values["tls.key"]):
        missing, there = ("tls.key", "tls.cert") if values["tls.cert"] else ("tls.cert", "tls.key")
        yield f"{missing} is empty while {there} is set; a certificate has both."
    if values["traefik.httpPort"] == values["traefik.httpsPort"]:
        yield f'traefik.httpPort is "{values["traefik.httpPort"]}", the same as traefik.httpsPort.'
    for part in ("frontend", "shopapi"):
        told, replicas = len(values[f"{part}.urls"].split(",")), values.number(f"{part}.replicas")
        both = all(values.source(f"{part}.{what}") != "default" for what in ("urls", "replicas"))
        if both and told != replicas:
            yield f"{part}.urls names {told}, and {part}.replicas is {replicas}; keep one of them, or make them agree."
    if values["acme.email"]:
        yield from _acme(values)
    elif values.source("acme.server") != "default":
        yield "acme.email is empty while acme.server is set; an authority wants to know whom to write to."


def _acme(values: Values) -> Iterator[str]:
    if values["tls.cert"]:
        yield "acme.email is set and tls.cert too; keep one of them."
    for path in ("host", "api.host"):
        if not is_public(values[path]) and (path == "host" or values["api.expose"] != "none"):
            yield f'acme.email is set and {path} is "{values[path]}", for which no authority gives a certificate.'
            break
    if values["traefik.httpsPort"] != "443":
        yield (
            f'acme.email is set and traefik.httpsPort is "{values["traefik.httpsPort"]}"; the authority calls port 443 '
            "to see whose the host is."
        )


def _kubernetes(values: Values) -> Iterator[str]:
    yield from _names(values)
    if values["tls.issuer"] and values["ingress.kind"] == "httproute":
        yield "tls.issuer is set and ingress.kind is httproute; there the certificate is the Gateway's."
    if values["tls.issuer"] and not values["tls.secret"]:
        yield "tls.secret is empty while tls.issuer is set; name the Secret that cert-manager writes."
    for part in ("frontend", "shopapi"):
        if values.number(f"{part}.maxReplicas") < values.number(f"{part}.replicas"):
            yield (
                f'{part}.maxReplicas is "{values[f"{part}.maxReplicas"]}", fewer than {part}.replicas, '
                f"which is {values[f'{part}.replicas']}."
            )
    if values.is_on("secrets.create") and values.is_on("mail.enabled"):
        yield "secrets.create is true and mail.enabled too; nobody but you knows the mail server's URL."
    if values.is_on("secrets.create") and values["database.kind"] == "external":
        yield "secrets.create is true and database.kind external; nobody but you knows that database's URL."


def _names(values: Values) -> Iterator[str]:
    """Names that others have. Policies and Pod Security hold for a whole namespace, and so would shut them out."""
    namespace = values["namespace"]
    if namespace == "default" or namespace.startswith("kube-"):
        yield f'namespace is "{namespace}", which others need; give the shop one of its own, such as shop.'
    for path in ("ingress.namespace", "monitoring.namespace"):
        if values[path] == namespace:
            yield f'namespace is "{namespace}", the same as {path}; give the shop one of its own, such as shop.'
    if values["tls.secret"] == "shop-secrets":
        yield 'tls.secret is "shop-secrets", which holds the shop\'s own secrets; a certificate has another Secret.'


def is_public(host: str) -> bool:
    """Whether a host name can be one of the internet's."""
    return "." in host and not host.endswith((".localhost", ".local", ".internal", ".example", ".test"))


def is_local(host: str) -> bool:
    """Whether a host name means this machine."""
    return host == "localhost" or host.endswith(".localhost")


# --- every value


def _everywhere(default: Default) -> dict[Form, Default]:
    return dict.fromkeys(_EVERYWHERE, default)


def _part(name: str, replicas: Mapping[Form, Default], memory: str, cpu: str) -> list[Value]:
    return [
        Value(f"{name}.replicas", kinds.whole(1, 100), f"How many of {name} run.", replicas, "3"),
        Value(f"{name}.memory", kinds.memory, f"Memory that each of {name} may use.", _everywhere(memory), "768Mi"),
        Value(f"{name}.cpu", kinds.cpu, f"Cores that each of {name} may use.", _everywhere(cpu), "750m"),
    ]


_TWO: Final[Mapping[Form, Default]] = {"compose": "1", "traefik": "1", "kubernetes": "2"}
_PRIVATE: Final = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"


def _most(part: str) -> Callable[[Values], str]:
    return lambda values: str(max(6, values.number(f"{part}.replicas")))


def _consecutive(part: str, first: int) -> Callable[[Values], str]:
    return lambda values: ",".join(
        f"http://127.0.0.1:{first + number}" for number in range(values.number(f"{part}.replicas"))
    )


_VALUES: Final = (
    Value(
        "host",
        kinds.host,
        "The name under which customers reach the shop.",
        {"compose": "localhost", "traefik": "localhost", "kubernetes": "shop.example"},
        "shop.example.org",
    ),
    Value(
        "api.host",
        kinds.host,
        "The name under which programs reach the API.",
        dict.fromkeys(("traefik", "kubernetes"), lambda values: f"api.{values['host']}"),
        "rest.example.org",
    ),
    Value(
        "api.expose",
        kinds.one_of("all", "webhooks", "none"),
        "What of the API is reached from outside: all, webhooks (only /v1/payments/), or none.",
        dict.fromkeys(("traefik", "kubernetes"), "all"),
        "webhooks",
    ),
    Value(
        "image",
        kinds.image,
        "The shop's image. Set under Compose, it is pulled; otherwise it is built from the clone.",
        _everywhere(f"shopctl:{__version__}"),
        "registry.example/shop:1.2.3",
    ),
    Value(
        "build.context",
        kinds.directory,
        "Where the clone lies that the image is built from, seen from the file.",
        {"compose": ".", "traefik": ".."},
        "./shop",
    ),
    *_part("frontend", _TWO, "384Mi", "1"),
    *_part("shopapi", _TWO, "512Mi", "1"),
    *_part("worker", _everywhere("1"), "256Mi", "500m"),
    Value(
        "autoscaling",
        kinds.switch,
        "Whether frontend and shopapi grow with their load; needs the cluster's metrics server.",
        dict.fromkeys(_KUBERNETES, "true"),
        "false",
    ),
    *(
        Value(
            f"{part}.maxReplicas",
            kinds.whole(1, 1000),
            f"How far {part} may grow.",
            dict.fromkeys(_KUBERNETES, _most(part)),
            "9",
        )
        for part in ("frontend", "shopapi")
    ),
    Value(
        "database.kind",
        kinds.one_of("statefulset", "external"),
        "statefulset: PostgreSQL in the cluster; external: one that is there, its URL in the Secret shop-secrets.",
        dict.fromkeys(_KUBERNETES, "statefulset"),
        "external",
    ),
    Value("database.image", kinds.image, "PostgreSQL's image.", _everywhere("postgres:17"), "postgres:16"),
    Value(
        "database.user",
        kinds.whole(1, 65535),
        "The number of the user postgres in that image.",
        _everywhere("999"),
        "70",
    ),
    Value("database.memory", kinds.memory, "Memory that PostgreSQL may use.", _everywhere("1Gi"), "2Gi"),
    Value("database.cpu", kinds.cpu, "Cores that PostgreSQL may use.", _everywhere("1"), "2"),
    Value(
        "database.storage",
        kinds.memory,
        "The size of PostgreSQL's volume.",
        dict.fromkeys(_KUBERNETES, "10Gi"),
        "50Gi",
    ),
    Value(
        "port",
        kinds.whole(1, 65535),
        "The port of 127.0.0.1 that the shop is published at.",
        dict.fromkeys(("compose",), "5050"),
        "8080",
    ),
    Value(
        "seed",
        kinds.one_of("demo", "empty", "none"),
        "What an empty shop is filled with: the demo's goods, no more than the shop itself, or nothing at all.",
        dict.fromkeys(_DOCKER, lambda values: "demo" if is_local(values["host"]) else "none"),
        "empty",
    ),
    Value("traefik.image", kinds.image, "Traefik's image.", dict.fromkeys(_TRAEFIK, "traefik:v3.7"), "traefik:v3.7.1"),
    Value("traefik.memory", kinds.memory, "Memory that Traefik may use.", dict.fromkeys(_TRAEFIK, "256Mi"), "512Mi"),
    Value("traefik.cpu", kinds.cpu, "Cores that Traefik may use.", dict.fromkeys(_TRAEFIK, "1"), "2"),
    Value(
        "traefik.httpPort",
        kinds.whole(1, 65535),
        "The port for http://, which leads to https://.",
        dict.fromkeys(_TRAEFIK, "80"),
        "8080",
    ),
    Value(
        "traefik.httpsPort",
        kinds.whole(1, 65535),
        "The port for https://.",
        dict.fromkeys(_TRAEFIK, "443"),
        "8443",
    ),
    Value(
        "dockerProxy.image",
        kinds.image,
        "The image of the proxy through which Traefik may look at Docker.",
        dict.fromkeys(_TRAEFIK, "haproxy:3.2"),
        "haproxy:3.2.1",
    ),
    Value(
        "frontend.urls",
        kinds.urls,
        "Where frontend listens (--provider file).",
        dict.fromkeys(_TRAEFIK, _consecutive("frontend", 5050)),
        "http://127.0.0.1:6050",
    ),
    Value(
        "shopapi.urls",
        kinds.urls,
        "Where shopapi listens (--provider file).",
        dict.fromkeys(_TRAEFIK, _consecutive("shopapi", 8000)),
        "http://127.0.0.1:9000",
    ),
    Value(
        "limits.requests",
        kinds.whole(1, 100_000),
        "Requests a second of one address, above which Traefik answers 429.",
        dict.fromkeys(("traefik", "kubernetes"), "50"),
        "100",
    ),
    Value(
        "limits.bodyKiB",
        kinds.whole(1, 1_048_576),
        "KiB that a request's body may have, above which Traefik answers 413.",
        dict.fromkeys(("traefik", "kubernetes"), "1024"),
        "2048",
    ),
    Value(
        "trustedProxies",
        kinds.networks,
        "Networks whose X-Forwarded-For is believed, those of the proxy in front; empty: none.",
        {
            "compose": lambda values: "" if is_local(values["host"]) else _PRIVATE,
            "traefik": _PRIVATE,
            "kubernetes": _PRIVATE,
        },
        "10.1.0.0/16",
    ),
    Value(
        "mail.enabled",
        kinds.switch,
        "Whether e-mails leave by a mail server, whose URL lies with the shop's secrets as SHOP_MAIL_URL.",
        _everywhere("false"),
        "true",
    ),
    Value(
        "mail.from",
        kinds.email,
        "The sender of e-mails; empty: the shop's own address.",
        _everywhere(""),
        "shop@example.org",
    ),
    Value(
        "payment.manualDays",
        kinds.whole(1, 90),
        "Days that an order waits for its bank transfer.",
        _everywhere("7"),
        "14",
    ),
    Value(
        "payment.origins",
        kinds.origins,
        "Origins of payment providers' pages that the checkout may lead to, separated by commas; empty: none.",
        _everywhere(""),
        "https://pay.example.org",
    ),
    Value(
        "traefik.trustedIPs",
        kinds.networks,
        "Networks of a proxy in front of Traefik, whose X-Forwarded-For is believed, too; empty: none.",
        dict.fromkeys(_TRAEFIK, ""),
        "192.0.2.0/24",
    ),
    Value(
        "acme.email",
        kinds.email,
        "Your address for the certificate authority; set, Traefik gets certificates for both hosts by ACME.",
        dict.fromkeys(_TRAEFIK, ""),
        "you@example.org",
    ),
    Value(
        "acme.server",
        kinds.https_url,
        "The certificate authority's directory.",
        dict.fromkeys(_TRAEFIK, "https://acme-v02.api.letsencrypt.org/directory"),
        "https://acme-staging-v02.api.letsencrypt.org/directory",
    ),
    Value(
        "tls.cert",
        kinds.path,
        "A certificate of your own, as a PEM file of this host.",
        dict.fromkeys(_TRAEFIK, ""),
        "./certs/shop.crt",
    ),
    Value(
        "tls.key", kinds.path, "Its key, as a PEM file of this host.", dict.fromkeys(_TRAEFIK, ""), "./certs/shop.key"
    ),
    Value(
        "namespace",
        kinds.name,
        "The namespace that everything lies in.",
        dict.fromkeys(_KUBERNETES, "shop"),
        "store",
    ),
    Value(
        "ingress.kind",
        kinds.one_of("ingress", "ingressroute", "httproute"),
        "How requests come in: ingress (any controller), ingressroute (Traefik's own) or httproute (Gateway API).",
        dict.fromkeys(_KUBERNETES, "ingress"),
        "ingressroute",
    ),
    Value(
        "ingress.className",
        kinds.subdomain,
        "The class of the Ingress.",
        dict.fromkeys(_KUBERNETES, "traefik"),
        "nginx",
    ),
    Value(
        "ingress.namespace",
        kinds.name,
        "The namespace of the ingress controller, from which alone requests come in.",
        dict.fromkeys(_KUBERNETES, "traefik"),
        "ingress",
    ),
    Value(
        "gateway.name",
        kinds.subdomain,
        "The Gateway that an httproute hangs on.",
        dict.fromkeys(_KUBERNETES, "traefik-gateway"),
        "shop-gateway",
    ),
    Value(
        "gateway.namespace",
        kinds.name,
        "The namespace of that Gateway.",
        dict.fromkeys(_KUBERNETES, lambda values: values["ingress.namespace"]),
        "gateways",
    ),
    Value(
        "gateway.httpsListener",
        kinds.subdomain,
        "The name of that Gateway's listener for https://.",
        dict.fromkeys(_KUBERNETES, "websecure"),
        "https",
    ),
    Value(
        "gateway.httpListener",
        kinds.subdomain,
        "The name of that Gateway's listener for http://, which leads to https://.",
        dict.fromkeys(_KUBERNETES, "web"),
        "http",
    ),
    Value(
        "tls.secret",
        kinds.optional(kinds.subdomain),
        "The Secret with the certificate for both hosts; empty: the controller's own certificate, and no HSTS.",
        dict.fromkeys(_KUBERNETES, ""),
        "shop-tls",
    ),
    Value(
        "tls.issuer",
        kinds.optional(kinds.subdomain),
        "The ClusterIssuer by which cert-manager writes that Secret; empty: you write it.",
        dict.fromkeys(_KUBERNETES, ""),
        "letsencrypt",
    ),
    Value(
        "networkPolicy",
        kinds.switch,
        "Whether everything that nobody needs is forbidden between pods; needs a network that enforces policies.",
        dict.fromkeys(_KUBERNETES, "true"),
        "false",
    ),
    Value(
        "monitoring.namespace",
        kinds.name,
        "The namespace from which metrics may be read.",
        dict.fromkeys(_KUBERNETES, "monitoring"),
        "prometheus",
    ),
    Value(
        "secrets.create",
        kinds.switch,
        "Whether to render the Secret shop-secrets with fresh values: for a first try, never for a file that is kept.",
        dict.fromkeys(_KUBERNETES, "false"),
        "true",
    ),
)

_PATHS: Final = frozenset(value.path for value in _VALUES)
_KNOWN: Final[Mapping[Form, Mapping[str, Value]]] = {
    form: {value.path: value for value in _VALUES if form in value.default} for form in _EVERYWHERE
}
