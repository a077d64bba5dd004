"""What a kind of value takes, in the words in which it refuses everything else."""

from shopctl.manifests.kinds import Kind


def wanted(kind: Kind) -> str:
    """What the kind takes, such as ``a whole number from 1 to 100``."""
    try:
        kind(object())
    except ValueError as error:
        return str(error).partition("; it is ")[2]
    return ""


def choices(kind: Kind) -> list[str]:
    """Every text that it takes, where these are a few words."""
    words = wanted(kind)
    if words == "true or false":
        return words.split(" or ")
    few = words.removeprefix("one of ")
    return few.split(", ") if few != words else []
