"""The schemas of Compose and Kubernetes, for what a patch has changed. They come with ``shopctl[manifests]``."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from shopctl.manifests.values import Form

_CUSTOM: Final = ("traefik.io/", "gateway.networking.k8s.io/", "cert-manager.io/")


class SchemasMissing(Exception):
    """The packages that hold the schemas are not installed."""


def require() -> None:
    """Raise :class:`SchemasMissing` where a patch could not be checked."""
    from importlib.util import find_spec

    if not all(find_spec(name) for name in ("check_jsonschema", "kubernetes_validate", "jsonschema", "ruamel.yaml")):
        raise SchemasMissing


def faults(form: Form, provider: str, documents: Sequence[Any]) -> list[str]:
    """What a schema refuses, by its path."""
    if form == "kubernetes":
        return [fault for document in documents for fault in _kubernetes(document)]
    return list(_compose(documents[0])) if provider == "docker" else []  # Traefik's files have models of their own.


def _compose(document: Any) -> Iterator[str]:
    from jsonschema.validators import validator_for

    schema = compose_schema()
    errors = list(validator_for(schema)(schema).iter_errors(document))
    for error in sorted(errors, key=lambda one: str(one.path)):
        # Of a service with another fault it takes every key for an unknown one.
        follows = any(one is not error and list(one.path)[: len(error.path)] == list(error.path) for one in errors)
        if error.validator != "unevaluatedProperties" or not follows:
            yield f"{_path(error.absolute_path) or 'at the top'}: {_said(error)}"


@lru_cache
def compose_schema() -> Any:
    """The schema of the Compose specification."""
    from importlib.resources import files

    vendored = files("check_jsonschema.builtin_schemas") / "vendor" / "compose-spec.json"
    return json.loads(vendored.read_text(encoding="utf-8"))


def _kubernetes(document: Any) -> Iterator[str]:
    import kubernetes_validate

    name = f"{document.get('kind')}/{document['metadata']['name']}"
    version = document.get("apiVersion")
    if not isinstance(version, str):
        yield f"{name}.apiVersion: {version} is no text; it is such as apps/v1."
        return
    if version.startswith(_CUSTOM):
        return  # Models of our own have looked at it.
    try:
        kubernetes_validate.validate(document, desired_version=kubernetes_versions()[-1], strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{'.'.join(filter(None, (name, _path(error.path))))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        yield f"{name}.apiVersion: Kubernetes {kubernetes_versions()[-1]} has no {document.get('kind')} of {version}."


def kubernetes_versions() -> list[str]:
    """The minor versions of Kubernetes whose schemas are there, oldest first, such as ``1.37``."""
    from importlib.resources import files

    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith("-local-strict")]
    versions = [tuple(int(part) for part in name[1:].split("-")[0].split(".")[:2]) for name in names]
    return [f"{major}.{minor}" for major, minor in sorted(versions)]


def _path(parts: Any) -> str:
    return ".".join(str(part) for part in parts)


def _said(error: Any) -> str:
    # "anyOf" says no more than that nothing fits; the nearest of its branches says what is wrong.
    from jsonschema.exceptions import best_match

    return str((best_match([error]) or error).message)
