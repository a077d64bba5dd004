"""Every rendering is parsed and checked before it is written, and more closely where somebody patched it."""

from collections.abc import Sequence
from typing import Any

from shopctl.manifests import yaml_text
from shopctl.manifests.render import Manifest
from shopctl.manifests.values import Form


class Unsound(Exception):
    """Manifests that must not be written: a sentence for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def checked(form: Form, provider: str, manifests: Sequence[Manifest]) -> list[Any]:
    """The documents of ``manifests``; raises :class:`Unsound` where something refers to what is not there."""
    documents = parsed(manifests)
    if found := _problems(form, provider, documents):
        raise Unsound(found)
    return documents


def parsed(manifests: Sequence[Manifest]) -> list[Any]:
    """The documents of ``manifests``, in their order."""
    return [document for manifest in manifests for document in yaml_text.documents(manifest.text)]


def _problems(form: Form, provider: str, documents: Sequence[Any]) -> list[str]:
    if form == "kubernetes":
        from shopctl.manifests.check_kubernetes import problems
    elif provider == "file":
        from shopctl.manifests.check_traefik import problems
    else:
        from shopctl.manifests.check_compose import problems
    return problems(documents)


def weaknesses(form: Form, provider: str, documents: Sequence[Any]) -> list[str]:
    """What an owner's patch may have allowed that the rendering never does."""
    if provider == "file":
        return []
    if form == "kubernetes":
        from shopctl.manifests.check_kubernetes import weaknesses as found
    else:
        from shopctl.manifests.check_compose import weaknesses as found
    return found(documents)
