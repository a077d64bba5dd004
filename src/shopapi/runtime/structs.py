"""What msgspec knows of a type, worked out before threads share it."""

from functools import cache

import msgspec


@cache
def make_structs_ready() -> None:
    """Work out every Struct that there is; to be called before a process starts its threads.

    msgspec does so when a type is first decoded, and others can see it half done: where two threads meet there, the
    process dies of a null pointer (signal 11, seen with 0.22 in a process of the API that had just started).
    """
    waiting = msgspec.Struct.__subclasses__()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        msgspec.json.Decoder(kind)
