"""The shape of a promise that is checked."""

from msgspec import Struct


class Invariant(Struct, frozen=True):
    """A promise: ``wrong`` selects a sentence for each thing that breaks it; ``of`` counts what it covers."""

    group: str
    name: str
    of: str
    wrong: str
