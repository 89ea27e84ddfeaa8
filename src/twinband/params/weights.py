"""Where an annotator's weights come from: shared by the stages that label."""

from pydantic import model_validator

from twinband.params.base import Params


class WeightsSource(Params):
    """Either ``files``, which are part of the project, or ``outside`` with its checksum.

    Attributes:
        files: folder of the project with the weights; ``models/none.json`` if they are outside.
        outside: a file or folder below TWINBAND_WEIGHTS, or a model's id on the hub; empty if
            the weights are ``files``.
        revision: commit of the hub's repository; empty for a file below TWINBAND_WEIGHTS.
        sha256: of the file of weights that is outside.
    """

    files: str
    outside: str
    revision: str
    sha256: str

    @model_validator(mode="after")
    def _known(self) -> "WeightsSource":
        if self.outside and len(self.sha256) != 64:
            raise ValueError(
                f"sha256 of the weights {self.outside} must be given, 64 hexadecimal digits: they "
                "are part of what the labels depend on (`sha256sum FILE` tells)"
            )
        return self
