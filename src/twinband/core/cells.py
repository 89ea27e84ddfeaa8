"""Cells of CSV tables that people open in a spreadsheet: names must not turn into formulas."""

import re

# A spreadsheet computes what begins so; with an apostrophe before it, it is text.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def defused(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    One goes before those that begin with apostrophes already, too, so that ``original`` gives
    back every text exactly.
    """
    return f"'{cell}" if FORMULA.match(cell) else cell


def original(cell: str) -> str:
    """Undo ``defused``."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
