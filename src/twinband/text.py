"""Numbers and names as people read them."""

from collections.abc import Iterable

NARROW_SPACE = "\u202f"
# Names with an order of their own; all others stand between these two, as they come.
FIRST = ("train", "val", "test", "rgb", "thermal", "both", "dawn", "day", "dusk", "night")
LAST = ("unknown", "mean", "overall")


def in_reading_order(names: Iterable[str]) -> list[str]:
    """Train before test, RGB before thermal, day before night; the unknown and the whole last."""

    def place(name: str) -> tuple[int, int]:
        if name in FIRST:
            return 0, FIRST.index(name)
        return (2, LAST.index(name)) if name in LAST else (1, 0)

    return sorted(names, key=place)


def count(number: int) -> str:
    """``1 234 567``, with narrow spaces that do not break."""
    return f"{number:,}".replace(",", NARROW_SPACE)


def share(part: int, whole: int) -> str:
    """``part`` of ``whole`` in per cent; never 0 % of something or 100 % of less than all."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return f"<{NARROW_SPACE}0.1{NARROW_SPACE}%"
    if part < whole and percent > 99.9:
        return f">{NARROW_SPACE}99.9{NARROW_SPACE}%"
    return f"{percent:.1f}{NARROW_SPACE}%"


def size(number: int) -> str:
    """Bytes in decimal units: ``3.1 MB``."""
    value, unit = float(number), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if value >= 99.5 or unit == "B" else f"{value:.1f} {unit}"


def words(name: str) -> str:
    """``near_duplicate`` as ``near duplicate``."""
    return name.replace("_", " ").strip()
