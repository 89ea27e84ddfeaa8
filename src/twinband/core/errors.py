"""Errors for people: each says what was wrong, where, and what to do."""


class BadSample(Exception):
    """One pair cannot be used; it is quarantined and the work goes on.

    Attributes:
        reason: a short stable word for tables, e.g. ``truncated``.
        detail: the file and what is wrong with it.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")

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
