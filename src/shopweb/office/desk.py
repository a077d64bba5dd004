"""What every page of the back office has: the note on what was just done, with its undo."""

from dataclasses import dataclass

from shopweb import locale
from shopweb.office.order_notes import ORDER_WARNINGS, order_sentence
from shopweb.session import Note, Undo
from shopweb.visit import Page, Visit

WARNINGS = ORDER_WARNINGS | {"undo_stale", "undo_refused", "gone", "session_ended"}


@dataclass(frozen=True)
class SpokenNote:
    """A note in the visitor's language."""

    text: str
    warns: bool
    undo: Undo | None


def desk_page(visit: Visit, template: str, *, status: int = 200, **context: object) -> Page:
    """A page of the back office."""
    note = (
        SpokenNote(_sentence(visit, visit.note), visit.note.says in WARNINGS, visit.note.undo) if visit.note else None
    )
    return visit.page(template, status=status, context={"note": note, **context})


def _sentence(visit: Visit, note: Note) -> str:
    if about_order := order_sentence(visit, note):
        return about_order
    _, ngettext = visit.gettext, visit.ngettext
    match note.says:
        case "added":
            text = ngettext(
                "%(count)s unit of “%(name)s” received.", "%(count)s units of “%(name)s” received.", note.count
            )
        case "made":
            text = ngettext(
                "“%(name)s” is new: a draft with %(count)s unit.",
                "“%(name)s” is new: a draft with %(count)s units.",
                note.count,
            )
        case "saved":
            text = _("“%(name)s” is saved, with %(count)s on hand.")
        case "moved":
            return _("%(change)s of “%(name)s” recorded.") % {
                "change": locale.signed(note.count, visit.language),
                "name": note.name,
            }
        case "deleted":
            text = ngettext(
                "“%(name)s” is deleted, %(count)s unit written off.",
                "“%(name)s” is deleted, %(count)s units written off.",
                note.count,
            )
        case "undone":
            text = _("Undone. “%(name)s” has %(count)s on hand again.")
        case "unmade":
            text = _("Undone. “%(name)s” is off the list again.")
        case "undo_stale":
            text = _("“%(name)s” was changed meanwhile, so nothing was undone.")
        case "undo_refused":
            text = _("Nothing was undone: units of “%(name)s” are reserved, or its name is taken.")
        case "gone":
            text = _("That item is no longer on the list.")
        case "session_ended":
            text = _("Your session has ended. Sign in to carry on.")
        case _:
            text = _("You are signed out.")
    return text % {"name": note.name, "count": visit.number(note.count)}
