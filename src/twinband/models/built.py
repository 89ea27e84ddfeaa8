"""Models by name for use outside the pipeline: those of ``networks.build``, and SAGE's."""

from typing import Any

from torch import nn

from twinband.fusion.student import SageStudent
from twinband.fusion.teacher import SageTeacher
from twinband.networks import build as networks

FUSION: dict[str, type[nn.Module]] = {"sage_student": SageStudent, "sage_teacher": SageTeacher}


def build(name: str, **options: Any) -> nn.Module:
    """Make a freshly initialised model.

    Args:
        name: ``sage_student``, ``sage_teacher``, or one of ``networks.build.build``, such as
            ``mspecgene_tiny``.
        options: fields of the model's configuration; of SAGE's the arguments of ``SageStudent``
            (``width``) or ``SageTeacher`` (``masks``, ``width``, ...).

    Raises:
        ValueError: an unknown name, or a value out of range.
        TypeError: an unknown field, or a value of another type.
    """
    if name in FUSION:
        return FUSION[name](**options)
    try:
        return networks.build(name, **options)
    except ValueError as error:
        if str(error).startswith("unknown model"):
            raise ValueError(f"{error}, {', '.join(sorted(FUSION))}") from None
        raise
