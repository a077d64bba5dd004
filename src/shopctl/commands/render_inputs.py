"""The files that a rendering is asked for with: of values, and of patches."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopctl import console
from shopctl.console import fail

if TYPE_CHECKING:
    from shopctl.manifests.patches import Patch


def one_document(name: str) -> Any:
    """What a file of values holds; nothing, where that is empty."""
    documents = _documents(name)
    if len(documents) > 1:
        fail(f"{console.clean(name)} holds {len(documents)} documents; values are one.", exit_code=2)
    return documents[0] if documents else None


def _documents(name: str) -> list[Any]:
    from shopctl.manifests.yaml_text import NotYaml, documents

    try:
        return documents(Path(name).read_text(encoding="utf-8"), once=True)
    except OSError as error:
        fail(f"{console.clean(name)} cannot be read: {error.strerror}.", exit_code=2)
    except UnicodeDecodeError:
        fail(f"{console.clean(name)} is not UTF-8 text.", exit_code=2)
    except NotYaml as error:
        fail(f"{console.clean(name)} is no YAML: {error}.", exit_code=2)


def patches(names: Sequence[str]) -> "list[Patch]":
    """Every document of the files, if what checks them is installed."""
    if not names:
        return []
    from shopctl.manifests.patches import Patch
    from shopctl.manifests.schemas import SchemasMissing, require

    try:
        require()
    except SchemasMissing:
        fail(
            "A patch is checked against the schemas of Compose and Kubernetes, which are not installed.",
            "pip install 'shopctl[manifests]'",
            2,
        )
    found = []
    for name in names:
        for number, content in enumerate(_documents(name), 1):
            source = f"{name}, document {number}"
            if not isinstance(content, dict):
                fail(f"{console.clean(source)} is no mapping; it is shaped like what it changes.", exit_code=2)
            found.append(Patch(source, content))
    return found
