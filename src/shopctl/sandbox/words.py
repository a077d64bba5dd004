"""What the hosted page says, in German and English."""

from typing import Final

CARDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "ok": {"de": ("Karte, die zahlt", "Die Zahlung gelingt."), "en": ("Card that pays", "The payment succeeds.")},
    "3ds": {
        "de": ("Karte mit Bestätigung", "Die Bank fragt zuerst nach (starke Authentifizierung)."),
        "en": ("Card that asks first", "The bank wants to be sure (strong authentication)."),
    },
    "declined": {
        "de": ("Karte, die abgelehnt wird", "Die Bank lehnt ab, ohne Grund."),
        "en": ("Card that is declined", "The bank declines without a reason."),
    },
    "insufficient_funds": {
        "de": ("Karte ohne Deckung", "Das Konto reicht nicht."),
        "en": ("Card without funds", "There is not enough money in the account."),
    },
}
"""Test cards: the value of the button, its name, and what it does."""

FAULTS: Final[dict[str, dict[str, str]]] = {
    "": {"de": "nichts", "en": "nothing"},
    "slow": {"de": "langsam: Antwort nach 3 Sekunden", "en": "slow: answers after 3 seconds"},
    "charged_no_answer": {"de": "bezahlt, aber keine Antwort", "en": "charged, but no answer"},
    "not_charged_no_answer": {"de": "nicht bezahlt und keine Antwort", "en": "not charged and no answer"},
    "charged_500": {"de": "bezahlt, aber Fehler 500", "en": "charged, but error 500"},
    "reset": {"de": "bezahlt, aber Verbindung bricht ab", "en": "charged, but the connection breaks"},
    "wrong_amount": {"de": "falscher Betrag", "en": "wrong amount"},
    "wrong_currency": {"de": "falsche Währung", "en": "wrong currency"},
    "webhook_duplicate": {"de": "Webhook fünfmal zugleich", "en": "webhook five times at once"},
    "webhook_reordered": {"de": "Webhooks in falscher Reihenfolge", "en": "webhooks in the wrong order"},
    "webhook_delayed": {"de": "Webhook nach 5 Sekunden", "en": "webhook after 5 seconds"},
    "webhook_lost": {"de": "Webhook geht verloren", "en": "webhook gets lost"},
}
"""Faults of the select: its value and its words."""

WORDS: Final[dict[str, dict[str, str]]] = {
    "de": {
        "title": "Testzahlung",
        "mode": "Testmodus",
        "mode_why": "Hier fließt kein Geld. Es werden keine Kartennummern gebraucht.",
        "sum": "Betrag",
        "order": "Bestellung",
        "cards": "Testkarte wählen",
        "fault": "Was schiefgehen soll",
        "fault_why": "Gilt für die Karte, die Sie danach wählen.",
        "cancel": "Abbrechen und zurück zum Shop",
        "confirm_title": "Sind Sie das?",
        "confirm_lead": "Ihre Bank möchte sicher sein, dass Sie diese Zahlung wollen.",
        "approve": "Zahlung freigeben",
        "refuse": "Ablehnen",
        "nothing": "Hier ist keine Zahlung.",
        "nothing_why": "Die Adresse ist unvollständig oder veraltet. Es wurde nichts abgebucht.",
    },
    "en": {
        "title": "Test payment",
        "mode": "Test mode",
        "mode_why": "No money moves here. No card numbers are needed.",
        "sum": "Amount",
        "order": "Order",
        "cards": "Choose a test card",
        "fault": "What shall go wrong",
        "fault_why": "Goes for the card that you choose next.",
        "cancel": "Cancel and go back to the shop",
        "confirm_title": "Is this you?",
        "confirm_lead": "Your bank wants to be sure that you want this payment.",
        "approve": "Approve the payment",
        "refuse": "Refuse",
        "nothing": "There is no payment here.",
        "nothing_why": "The address is not complete or out of date. Nothing was charged.",
    },
}
