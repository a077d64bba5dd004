"""What is told of values and of lines."""

from typing import TYPE_CHECKING, Final

from shopctl import console

if TYPE_CHECKING:
    from shopctl.manifests.explain import Explanation
    from shopctl.manifests.values import Values

_EMPTY: Final = "(empty)"


def show(values: "Values") -> None:
    """Every value: what it is, where from, what it means and what it may be."""
    from shopctl.manifests.kind_words import wanted

    for value in values.known():
        text, source, standard = values[value.path], values.source(value.path), value.default[values.form]
        default = standard if isinstance(standard, str) else standard(values)
        other = "" if source == "default" else f", by default {default or _EMPTY}"
        console.line(f"{value.path} = {text or _EMPTY}  {source}{other}")
        console.under(value.meaning)
        console.under(f"It is {wanted(value.kind)}.")


def tell(told: "Explanation", values: "Values") -> None:
    """One line and its reasons."""
    by_whom = "a patch has" if told.patches else "its values have" if told.values else "every rendering has"
    console.line(f"{told.file}, line {told.line}: {told.text}")
    console.line(f"why       {told.why or f'as {by_whom} it'}")
    if told.within[1]:
        console.line(f"within    {told.within[0]}  {told.within[1]}")
    for patch in told.patches:
        console.line(f"patch     {patch}")
    if told.patches and told.unpatched not in ("", told.text):
        console.line(f"without   {told.unpatched}")
    for value in told.values:
        source = values.source(value.path)
        console.line(f"value     {value.path} = {values[value.path] or _EMPTY}  ({source})  {value.meaning}")
    if not told.values:
        last_word = (
            "the patch has the last word" if told.patches else "every rendering says it; a --patch can change it"
        )
        console.line(f"value     none: {last_word}")
    console.line(f"template  {told.template or 'none: the patch brings it'}")
