"""What is drawn of a training run."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.networks.masked import Drawn
from twinband.pretraining.pictures import MASKED_LEVEL, pixels, reconstruction_sheet


def drawn(truth: Tensor) -> Drawn:
    return Drawn(truth, torch.rand(len(truth), 16) < 0.5, truth)


def decoded(sheet: bytes) -> NDArray[np.int64]:
    image = cv2.imdecode(np.frombuffer(sheet, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(int)


def test_thermal_is_drawn_in_grey_and_rgb_in_colour() -> None:
    torch.manual_seed(0)
    sheet = decoded(
        reconstruction_sheet(
            {name: drawn(torch.randn(2, 3, 16, 16)) for name in ("rgb", "thermal")}
        )
    )
    colourfulness = sheet.max(2) - sheet.min(2)
    middle = sheet.shape[1] // 2
    assert colourfulness[:, :middle].mean() > 20
    assert colourfulness[:, middle + 8 :].max() <= 2  # what JPEG rounds


def test_hidden_patches_are_grey() -> None:
    visible = torch.zeros(1, 4, dtype=torch.bool)
    visible[0, 3] = True
    truth = torch.full((1, 3, 16, 16), 2.0)
    sheet = decoded(reconstruction_sheet({"rgb": Drawn(truth, visible, truth)}, scale=1))
    middle = sheet[:, sheet.shape[1] // 3 : 2 * sheet.shape[1] // 3]
    assert abs(middle[4:8, 4:8] - MASKED_LEVEL).max() < 12
    assert middle[14:17, 14:17].min() > 200


def test_modalities_of_all_kinds_and_sizes_make_one_sheet() -> None:
    torch.manual_seed(0)
    sheet = decoded(
        reconstruction_sheet(
            {
                "rgb": drawn(torch.randn(2, 3, 16, 16)),
                "thermal": drawn(torch.randn(2, 1, 16, 16)),
                "depth": drawn(torch.randn(2, 1, 16, 16)),
                "semseg": drawn(torch.randint(0, 9, (2, 4, 4))),
            }
        )
    )
    assert sheet.shape == (2 * 36, 12 * 36, 3)


def test_colours_tell_classes_near_from_far_and_what_nobody_knows() -> None:
    classes = pixels("semseg", torch.tensor([[[0, 1], [2, 255]]]))
    assert len({tuple(colour) for colour in classes.reshape(-1, 3)}) == 4
    assert (classes[0, 1, 1] == MASKED_LEVEL).all()
    depth = pixels("depth", torch.tensor([[[[-9.0, 0.0, 9.0, torch.nan]]]]))
    assert len({tuple(colour) for colour in depth.reshape(-1, 3)}) == 4
    assert (depth[0, 0, 3] == MASKED_LEVEL).all()
    one = pixels("thermal", torch.randn(1, 1, 4, 4))
    assert (one.max(-1) == one.min(-1)).all()
