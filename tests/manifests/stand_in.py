"""A stand-in for the Kubernetes API: enough of it for a real Traefik to read resources and to follow them.

It lists and watches what it was given. Nothing ever changes there, so a watch tells all of it and then waits.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.small_servers import listening

_KINDS: Final = {
    "backendtlspolicies": "BackendTLSPolicy",
    "configmaps": "ConfigMap",
    "endpointslices": "EndpointSlice",
    "gatewayclasses": "GatewayClass",
    "gateways": "Gateway",
    "grpcroutes": "GRPCRoute",
    "httproutes": "HTTPRoute",
    "ingressclasses": "IngressClass",
    "ingresses": "Ingress",
    "ingressroutes": "IngressRoute",
    "ingressroutetcps": "IngressRouteTCP",
    "ingressrouteudps": "IngressRouteUDP",
    "middlewares": "Middleware",
    "middlewaretcps": "MiddlewareTCP",
    "namespaces": "Namespace",
    "nodes": "Node",
    "referencegrants": "ReferenceGrant",
    "secrets": "Secret",
    "serverstransports": "ServersTransport",
    "serverstransporttcps": "ServersTransportTCP",
    "services": "Service",
    "tcproutes": "TCPRoute",
    "tlsoptions": "TLSOption",
    "tlsroutes": "TLSRoute",
    "tlsstores": "TLSStore",
    "traefikservices": "TraefikService",
}
_SENT_ALL: Final = {"k8s.io/initial-events-end": "true"}


@contextmanager
def kubernetes_api(documents: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The address of an API that knows ``documents``."""
    over = threading.Event()

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            plural = asked.path.rpartition("/")[2]
            if plural == "version":
                self._send({"major": "1", "minor": "37", "gitVersion": "v1.37.0"})
            elif plural not in _KINDS:
                self._send({"kind": "Status", "status": "Failure", "code": 404}, 404)
            elif parse_qs(asked.query).get("watch") in (["1"], ["true"]):
                self._watch(asked.path, _KINDS[plural])
            else:
                kind, version = f"{_KINDS[plural]}List", _version(asked.path)
                found = {"items": _of(documents, _KINDS[plural]), "metadata": {"resourceVersion": "1"}}
                self._send({"kind": kind, "apiVersion": version, **found})

        def do_PUT(self) -> None:
            """Take a status, and say nothing against it."""
            self._send(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_PATCH(self) -> None:
            self.do_PUT()

        def _send(self, what: Any, status: int = 200) -> None:
            body = json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _watch(self, path: str, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            events = [{"type": "ADDED", "object": one} for one in _of(documents, kind)]
            last = {"kind": kind, "apiVersion": _version(path)}
            last |= {"metadata": {"resourceVersion": "1", "annotations": _SENT_ALL}}  # type: ignore[dict-item]
            for event in [*events, {"type": "BOOKMARK", "object": last}]:
                self.wfile.write(json.dumps(event).encode() + b"\n")
            self.wfile.flush()
            over.wait(120)

    with listening(Api) as port:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            over.set()


def _of(documents: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    found = [one for one in documents if one["kind"] == kind]
    told = {"resourceVersion": "1", "generation": 1}
    return [
        {**one, "metadata": {**told, "uid": f"{kind}-{number}", **one["metadata"]}} for number, one in enumerate(found)
    ]


def _version(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[1] if parts[0] == "api" else "/".join(parts[1:3])
