"""What is drawn of a training run."""

import cv2
import numpy as np
import torch

from twinband.pretraining.pictures import reconstruction_sheet


def test_thermal_is_drawn_in_grey_and_rgb_in_colour() -> None:
    torch.manual_seed(0)
    batch = {name: torch.randn(2, 3, 16, 16) for name in ("rgb", "thermal")}
    pictures = {
        f"{kind}_{name}": torch.randn(2, 3, 16, 16)
        for kind in ("visible", "restored")
        for name in ("rgb", "thermal")
    }
    data = np.frombuffer(reconstruction_sheet(batch, pictures), np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    sheet = decoded.astype(int)
    colourfulness = sheet.max(2) - sheet.min(2)
    middle = sheet.shape[1] // 2
    assert colourfulness[:, :middle].mean() > 20
    assert colourfulness[:, middle + 8 :].max() <= 2  # what JPEG rounds
