"""Errors for people: each says what was wrong, where, and what to do."""

MOST_CHARACTERS = 400


def told(text: str) -> str:
    """Return text that may hold anything found in a file as one short line that shows it.

    Control characters, which would break a table or command a terminal, and what is no Unicode
    are written as their codes; of a longer text the middle is left out.
    """
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: 2 * MOST_CHARACTERS])
    if len(text) > 2 * MOST_CHARACTERS or len(shown) > MOST_CHARACTERS:
        half = MOST_CHARACTERS // 2
        end = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[-half:])[-half:]
        return f"{shown[:half]} … {end}"
    return shown


class BadSample(Exception):
    """One pair cannot be used; it is quarantined and the work goes on.

    Attributes:
        reason: a short stable word for tables, e.g. ``truncated``.
        detail: the file and what is wrong with it, in one line.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = told(detail)
        super().__init__(f"{reason}: {self.detail}")

    def __reduce__(self) -> tuple[type["BadSample"], tuple[str, str]]:
        return BadSample, (self.reason, self.detail)


class InputError(Exception):
    """An input is not what was promised (exit code 3): says what was looked for and where."""


class TooManyBadSamples(Exception):
    """More quarantined pairs than ``max_bad_fraction`` allows (exit code 4)."""


class WorkFailed(Exception):
    """A process that did the work failed (exit code 1): says where to look."""


# What content of another shape, or with numbers of another size, raises where it is taken apart.
MALFORMED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
