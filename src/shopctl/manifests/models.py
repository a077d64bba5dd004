"""The resources of Traefik, the Gateway API and cert-manager, as far as we render them.

No schema of theirs comes with a package, so these say what may stand there. Of each key that a model knows the type is
upstream's own. A key that it does not know is a mistake in what we render; in an owner's patch it may be one of those
that upstream knows besides, so there it passes.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert, field, to_builtins

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
Host = Annotated[str, Meta(pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
Port = Annotated[int, Meta(ge=1, le=65535)] | Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,15}$")]
Duration = Annotated[str, Meta(pattern=r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$")] | Annotated[int, Meta(ge=0)]
Text = Annotated[str, Meta(min_length=1)]


class _Part(Struct, rename="camel"):
    """A mapping and what is known of its keys."""


class Ref(_Part):
    """A resource of the same namespace."""

    name: Name


class Backend(_Part):
    """Where a route of Traefik leads: a Service by its port, or a service of Traefik's own."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(@internal)?$")]
    kind: Literal["Service", "TraefikService"] = "Service"
    port: Port | UnsetType = UNSET
    servers_transport: Name | UnsetType = UNSET


class Route(_Part):
    """One rule of an IngressRoute."""

    match: Text
    kind: Literal["Rule"] = "Rule"
    services: list[Backend] = []
    middlewares: list[Ref] = []
    priority: int | UnsetType = UNSET


class Tls(_Part):
    """TLS with the certificate of a Secret, or with Traefik's own."""

    secret_name: Name | UnsetType = UNSET


class IngressRoute(_Part):
    """What an IngressRoute's ``spec`` holds."""

    routes: Annotated[list[Route], Meta(min_length=1)]
    entry_points: list[Text] = []
    tls: Tls | UnsetType = UNSET


class Headers(_Part):
    """HSTS alone: the shop sends its other headers itself."""

    sts_seconds: Annotated[int, Meta(ge=0)] = 0
    sts_include_subdomains: bool = False


class IpStrategy(_Part):
    """How many bits of an IPv6 address tell one caller from another."""

    ipv6_subnet: Annotated[int, Meta(ge=0, le=128)] | UnsetType = field(default=UNSET, name="ipv6Subnet")


class SourceCriterion(_Part):
    """What tells one caller from another."""

    ip_strategy: IpStrategy | UnsetType = UNSET


class RateLimit(_Part):
    """Requests a period, and how many at once."""

    average: Annotated[int, Meta(ge=0)] = 0
    burst: Annotated[int, Meta(ge=0)] = 1
    period: Duration | UnsetType = UNSET
    source_criterion: SourceCriterion | UnsetType = UNSET


class Buffering(_Part):
    """The largest body, in bytes."""

    max_request_body_bytes: Annotated[int, Meta(ge=0)] = 0


class Retry(_Part):
    """How often in all, and how long before the second time."""

    attempts: Annotated[int, Meta(ge=0)]
    initial_interval: Duration | UnsetType = UNSET


class RedirectScheme(_Part):
    """Another scheme, for ever or for now."""

    scheme: Literal["http", "https"]
    permanent: bool = False


class Middleware(_Part):
    """What a Middleware's ``spec`` holds: one of these."""

    headers: Headers | UnsetType = UNSET
    rate_limit: RateLimit | UnsetType = UNSET
    buffering: Buffering | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    redirect_scheme: RedirectScheme | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Traefik refuses a Middleware that is two."""
        named = sum(getattr(self, field) is not UNSET for field in self.__struct_fields__)
        if named > 1:
            raise ValueError(f"A Middleware does one thing; this does {named}")


class ForwardingTimeouts(_Part):
    """How long Traefik waits for a pod."""

    dial_timeout: Duration | UnsetType = UNSET
    response_header_timeout: Duration | UnsetType = UNSET
    idle_conn_timeout: Duration | UnsetType = UNSET


class ServersTransport(_Part):
    """What a ServersTransport's ``spec`` holds."""

    forwarding_timeouts: ForwardingTimeouts | UnsetType = UNSET


class ParentRef(_Part):
    """The listener of a Gateway."""

    name: Name
    namespace: Name | UnsetType = UNSET
    section_name: Name | UnsetType = UNSET


class PathMatch(_Part):
    """A path by its beginning, or whole."""

    type: Literal["PathPrefix", "Exact", "RegularExpression"] = "PathPrefix"
    value: Annotated[str, Meta(pattern="^/")] = "/"


class HttpMatch(_Part):
    """Which requests."""

    path: PathMatch | UnsetType = UNSET


class RequestRedirect(_Part):
    """Where a request is sent instead."""

    scheme: Literal["http", "https"] | UnsetType = UNSET
    status_code: Literal[301, 302, 303, 307, 308] = 302


class HttpFilter(_Part):
    """What is done with a request."""

    type: Text
    request_redirect: RequestRedirect | UnsetType = UNSET

    def __post_init__(self) -> None:
        """The Gateway API's own rule: what a filter says belongs to its type."""
        if (self.type == "RequestRedirect") != (self.request_redirect is not UNSET):
            raise ValueError("A filter has requestRedirect where its type is RequestRedirect, and nowhere else")


class BackendRef(_Part):
    """A Service, by its port's number, or something that has no ports."""

    name: Name
    kind: Text = "Service"
    port: Annotated[int, Meta(ge=1, le=65535)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """The Gateway API's own rule."""
        if self.kind == "Service" and self.port is UNSET:
            raise ValueError("A Service is named with a port")


class HttpRule(_Part):
    """Which requests go where."""

    matches: Annotated[list[HttpMatch], Meta(max_length=64)] = []
    filters: Annotated[list[HttpFilter], Meta(max_length=16)] = []
    backend_refs: Annotated[list[BackendRef], Meta(max_length=16)] = []

    def __post_init__(self) -> None:
        """The Gateway API has this as a rule of validation: a redirect has no backend."""
        redirects = any(one.type == "RequestRedirect" for one in self.filters)
        if redirects == bool(self.backend_refs):
            raise ValueError("A rule has backendRefs or a redirect, one of them")


class HttpRoute(_Part):
    """What an HTTPRoute's ``spec`` holds."""

    parent_refs: Annotated[list[ParentRef], Meta(min_length=1, max_length=32)]
    hostnames: Annotated[list[Host], Meta(max_length=16)]
    rules: Annotated[list[HttpRule], Meta(min_length=1, max_length=16)]


class IssuerRef(_Part):
    """Who writes the certificate."""

    name: Name
    kind: Text = "Issuer"
    group: Text = "cert-manager.io"


class Certificate(_Part):
    """What a Certificate's ``spec`` holds."""

    secret_name: Name
    dns_names: Annotated[list[Host], Meta(min_length=1)]
    issuer_ref: IssuerRef


MODELS: Final[Mapping[tuple[str, str], type[_Part]]] = {
    ("traefik.io/v1alpha1", "IngressRoute"): IngressRoute,
    ("traefik.io/v1alpha1", "Middleware"): Middleware,
    ("traefik.io/v1alpha1", "ServersTransport"): ServersTransport,
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): HttpRoute,
    ("cert-manager.io/v1", "Certificate"): Certificate,
}
"""The model of a custom resource's ``spec``, by its version and kind."""


def fault(document: Mapping[str, Any], *, strict: bool = False) -> str:
    """What is wrong with a custom resource's ``spec``, with the path to it; empty where all is well.

    ``strict`` is for what nobody has patched: there a key that the model does not know is wrong too.
    """
    model = MODELS.get((str(document.get("apiVersion")), str(document.get("kind"))))
    if model is None:
        return f"apiVersion: {document.get('apiVersion')} has no {document.get('kind')} that we render."
    spec = document.get("spec")
    if spec == {}:
        return "spec: It says nothing."
    try:
        convert(spec, model)
    except ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        return f"spec{path.rstrip('`')}: {said.rstrip('.')}."
    surplus = unknown(document) if strict else []
    return f"{surplus[0]}: No such key is known." if surplus else ""


def unknown(document: Mapping[str, Any]) -> list[str]:
    """The paths of those keys of a custom resource, sound otherwise, of which its model knows nothing."""
    model = MODELS[str(document["apiVersion"]), str(document["kind"])]
    return list(_surplus(document["spec"], to_builtins(convert(document["spec"], model)), "spec"))


def _surplus(told: Any, known: Any, path: str) -> Iterator[str]:
    if isinstance(told, dict):
        for key, value in told.items():
            if key in known:
                yield from _surplus(value, known[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(told, list):
        for number, (value, part) in enumerate(zip(told, known, strict=True)):
            yield from _surplus(value, part, f"{path}[{number}]")
