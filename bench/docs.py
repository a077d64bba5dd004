"""Writes the latest table into the documentation, between two marks."""

from typing import Final

from bench.load import ROOT
from bench.results import Results
from bench.table import markdown

PAGE: Final = ROOT / "docs" / "explanation" / "performance.md"
BEGIN: Final = "<!-- made by python -m bench --write-docs: begin -->"
END: Final = "<!-- made by python -m bench --write-docs: end -->"


def write(results: Results) -> None:
    """Put ``results`` into the page."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(page, results), encoding="utf-8")


def filled(page: str, results: Results) -> str:
    """``page`` with ``results`` between its marks; raises ``ValueError`` where it has not both."""
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"{PAGE.name} lacks one of its marks")
    return f"{before}{BEGIN}\n\n{_block(results)}\n\n{END}{after}"


def _block(results: Results) -> str:
    where = results.machine
    took_part = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    said = [
        f"Measured on {results.at:%Y-%m-%d %H:%M} UTC: {where.processor}, {where.cores} cores, "
        f"{where.memory_gib:g} GiB, {where.system}, load before the run {where.load:g}. "
        f"Medians of {results.runs}, {results.seconds:g} s each.",
        took_part + ".",
        markdown(results.rows),
        "\n".join(f"- {audit}" for audit in results.audits),
    ]
    return "\n\n".join(part for part in said if part)
