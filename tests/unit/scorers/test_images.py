"""Scorers of saliency maps and fused images: known scores, and inputs that are not right."""

import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.made.known_scores import crosscheck, write_image
from twinband.core.errors import InputError
from twinband.scorers import fusion, saliency
from twinband.scoring.score import Options


def levels(seed: int, shape: tuple[int, ...] = (48, 64)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Visible, infrared and fused images of two pairs."""
    found = [tmp_path / name for name in ("visible", "infrared", "fused")]
    for number, folder in enumerate(found):
        for stem in ("a", "b"):
            write_image(folder / f"{stem}.png", levels(number + 10 * (stem == "b")))
    return found[0], found[1], found[2]


def test_fusion_is_the_mean_over_pairs(folders: tuple[Path, Path, Path]) -> None:
    visible, infrared, fused = folders
    both = fusion.score(fused, (visible, infrared), Options())
    alone = [
        fusion.score(fused / name, (visible / name, infrared / name), Options())
        for name in ("a.png", "b.png")
    ]
    for name in ("EN", "MI", "QABF", "SSIM"):
        mean = np.mean([score.values[name] for score in alone])
        assert both.values[name] == pytest.approx(mean)
    assert both.protocol["definition"] == "linfeng"
    assert both.protocol["images"] == "2"
    assert "48.13" in both.protocol["PSNR"]


def test_fusion_tells_the_definition(folders: tuple[Path, Path, Path]) -> None:
    visible, infrared, fused = folders
    for name in ("zoo", "standard"):
        score = fusion.score(fused, (visible, infrared), Options(definition=name))
        assert score.protocol["definition"] == name
    assert score.protocol["PSNR"] == "dB, higher is better"


def test_fusion_leaves_out_what_is_undefined_and_tells_it(
    folders: tuple[Path, Path, Path],
) -> None:
    visible, infrared, fused = folders
    for folder in (infrared, fused):
        shutil.copy(visible / "a.png", folder / "a.png")
    score = fusion.score(fused, (visible, infrared), Options(definition="standard"))
    assert np.isfinite(score.values["PSNR"])
    assert np.isnan(score.values["MS-SSIM"])
    assert any(remark.startswith("PSNR: left out of the mean for 1") for remark in score.remarks)
    assert any("MS-SSIM: left out of the mean for 2 of 2" in remark for remark in score.remarks)


def test_fusion_of_missing_or_other_images_is_no_score(folders: tuple[Path, Path, Path]) -> None:
    visible, infrared, fused = folders
    (fused / "b.png").rename(fused / "c.png")
    with pytest.raises(InputError, match=r"1 of 2 images are missing, the first is b"):
        fusion.score(fused, (visible, infrared), Options())
    shutil.copy(fused / "c.png", fused / "b.png")
    with pytest.raises(InputError, match=r"c\.png: no image of this name"):
        fusion.score(fused, (visible, infrared), Options())


def test_fusion_of_wrong_sizes_or_depths_is_no_score(folders: tuple[Path, Path, Path]) -> None:
    visible, infrared, fused = folders
    write_image(fused / "b.png", levels(0, (48, 60)))
    with pytest.raises(InputError, match=r"b\.png: 60 x 48 pixels, but .* has 64 x 48"):
        fusion.score(fused, (visible, infrared), Options())
    write_image(fused / "b.png", levels(0).astype(np.uint16))
    with pytest.raises(InputError, match=r"b\.png: 16 bits a channel"):
        fusion.score(fused, (visible, infrared), Options())
    (fused / "b.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"b\.png"):
        fusion.score(fused, (visible, infrared), Options())


def test_saliency_resizes_predictions_to_the_truth_and_tells_it(tmp_path: Path) -> None:
    truth = np.zeros((40, 60), np.uint8)
    truth[10:30, 20:40] = 255
    write_image(tmp_path / "truth/a.png", truth)
    write_image(tmp_path / "maps/a.jpg", truth[::2, ::2])
    score = saliency.score(tmp_path / "maps", tmp_path / "truth", Options())
    assert score.values["mae"] < 0.05
    assert "a.jpg: 30 x 20 pixels, its truth 60 x 40" in score.remarks[0]
    write_image(tmp_path / "maps/b.png", truth)
    with pytest.raises(InputError, match=r"b\.png: no image of this name"):
        saliency.score(tmp_path / "maps", tmp_path / "truth", Options())


def test_saliency_tells_hard_masks_and_empty_truths(tmp_path: Path) -> None:
    write_image(tmp_path / "truth/a.png", np.zeros((40, 60), np.uint8))
    write_image(tmp_path / "maps/a.png", (levels(0, (40, 60)) > 128) * np.uint8(255))
    score = saliency.score(tmp_path / "maps", tmp_path / "truth", Options())
    assert score.protocol["maps"].startswith("hard masks")
    assert score.values["wf"] == 0
    assert "nothing is salient" in score.remarks[0]


SOD = {
    "mae": 0.0370555848,
    "s": 0.9029761579,
    "wf": 0.5579812754,
    "adp_f": 0.5816750824,
    "mean_f": 0.5770510595,
    "max_f": 0.5886784581,
    "adp_e": 0.9408760067,
    "mean_e": 0.9566258294,
    "max_e": 0.9669544829,
}


def test_known_scores_of_saliency() -> None:
    score = saliency.score(crosscheck("sod", "preds"), crosscheck("sod", "masks"), Options())
    assert score.values == pytest.approx(SOD, abs=1e-8)


TNO = {
    "SeAFusion": {"EN": 7.17102, "AG": 5.02725, "MSE": 0.04445, "PSNR": 61.65188, "CC": 0.35527,
                  "SCD": 1.81051},
    "DenseFuse": {"EN": 6.63634, "AG": 3.09365, "MSE": 0.02820, "PSNR": 63.62771, "CC": 0.39714,
                  "SCD": 1.83896},
}  # fmt: skip


def tno(method: str, pair: str) -> dict[str, float]:
    place = crosscheck("fusion_tno")
    fused, visible, infrared = (place / name / f"{pair}.png" for name in (method, "vi", "ir"))
    return dict(fusion.score(fused, (visible, infrared), Options()).values)


@pytest.mark.parametrize("method", TNO)
def test_known_scores_of_fusion(method: str) -> None:
    found = tno(method, "01")
    assert {name: round(found[name], 5) for name in TNO[method]} == TNO[method]


@pytest.mark.parametrize("method", TNO)
@pytest.mark.parametrize("pair", ["01", "11", "21"])
def test_known_sheet_of_fusion(method: str, pair: str) -> None:
    """All digits of the published sheet, of MI too; Qabf differs where two edges are equal."""
    sheet = read_sheet(crosscheck("fusion_tno", "Metric_TNO.xlsx"))
    found = tno(method, pair)
    for name in ("EN", "AG", "MSE", "PSNR", "CC", "SCD", "MI"):
        assert found[name] == pytest.approx(sheet[name][method][int(pair) - 1], rel=1e-9)
    assert found["QABF"] == pytest.approx(sheet["Qabf"][method][int(pair) - 1], rel=3e-4)
    assert found["SF"] / 255 == pytest.approx(sheet["SF"][method][int(pair) - 1], rel=1e-9)


MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_sheet(path: Path) -> dict[str, dict[str, list[float]]]:
    """Read the numbers by metric and method; row 2 names the methods, images begin in row 3."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    texts = [
        "".join(text.text or "" for text in item.iter(f"{MAIN}t"))
        for item in ElementTree.fromstring(parts["xl/sharedStrings.xml"])
    ]
    relations = ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"])
    targets = {item.attrib["Id"]: "xl/" + item.attrib["Target"] for item in relations}
    sheets: dict[str, dict[str, list[float]]] = {}
    for sheet in ElementTree.fromstring(parts["xl/workbook.xml"]).iter(f"{MAIN}sheet"):
        columns: dict[str, list[float | str]] = {}
        part = parts.get(targets[sheet.attrib[RELATION]])
        for cell in ElementTree.fromstring(part).iter(f"{MAIN}c") if part else ():
            value = cell.findtext(f"{MAIN}v")
            if value is not None:
                column = columns.setdefault(cell.attrib["r"].rstrip("0123456789"), [])
                column.append(texts[int(value)] if cell.get("t") == "s" else float(value))
        sheets[sheet.attrib["name"]] = {
            str(column[1]): [float(value) for value in column[2:]]
            for column in columns.values()
            if len(column) > 2
        }
    return sheets
