"""``twinband embed``."""

from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from tests.made.benchmarks import untrained, untrained_multimae
from tests.made.raw_pairs import encoded, ingest_folder, scene, write, write_pairs
from tests.made.registered_pairs import register_pairs
from tests.unit.commands.conftest import Run
from twinband.evaluation.features import normal_images
from twinband.evaluation.model import load_model
from twinband.networks.masked import MaskedModel
from twinband.networks.weights import WEIGHTS
from twinband.shards.sums import sha256_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that encodes both images of a pair together, on 16 px."""
    return untrained_multimae(tmp_path / "multimae")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three RGB images, and three thermal images of 16 bits of the same names."""
    rgb, thermal = tmp_path / "rgb", tmp_path / "thermal"
    for number, name in enumerate(("a10", "a9", "sub/b")):
        colours, levels = scene(number)
        write(rgb / f"{name}.jpg", encoded(colours))
        path = write(thermal / f"{name}.png", b"")
        cv2.imwrite(str(path), levels.astype(np.uint16) * 25 + 9000)
    return rgb, thermal


def rows(out: Path) -> list[tuple[str, str]]:
    table = pq.read_table(out)
    return list(zip(table["name"].to_pylist(), table["modality"].to_pylist(), strict=True))


def test_pairs_are_shown_to_the_model_together(
    run: Run, model: Path, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "new/features.parquet"
    rgb, thermal = folders
    words = [str(rgb), "--thermal", str(thermal), "--model", str(model), "-o", str(out)]
    result = run("embed", *words, "--batch", "2")
    assert result.exit_code == 0, result.output
    assert f"{out}: features of 6 images" in result.stdout
    assert rows(out) == [(n, m) for n in ("a9", "a10", "sub/b") for m in ("rgb", "thermal")]
    table = pq.read_table(out)
    assert set(table["rows"].to_pylist()) == set(table["columns"].to_pylist()) == {2}
    patches = np.asarray(table["patches"].to_pylist())
    assert patches.shape == (6, 4, 32) and np.isfinite(patches).all()
    np.testing.assert_allclose(np.asarray(table["pooled"].to_pylist()), patches.mean(1), atol=1e-6)
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert metadata == {
        "model": str(model),
        "kind": "multimae",
        "weights_sha256": sha256_of(model / WEIGHTS),
        "height_px": "16",
        "width_px": "16",
        "patch_px": "8",
        "pool": "mean_patch",
    }
    loaded = load_model(model)
    assert isinstance(loaded, MaskedModel)
    colours, levels = (
        cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (rgb / "a9.jpg", thermal / "a9.png")
    )
    assert colours is not None and levels is not None
    shown = {
        "rgb": normal_images([colours[..., ::-1].astype(np.uint8)], (16, 16)),
        "thermal": normal_images([levels], (16, 16)),
    }
    expected = loaded.pair_features(shown)["rgb"].tokens[0]
    torch.testing.assert_close(torch.tensor(patches[0], dtype=torch.float32), expected)


def test_equal_images_give_equal_bytes(
    run: Run, model: Path, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    written = []
    for name in ("one", "two"):
        out = tmp_path / f"{name}.parquet"
        assert run("embed", str(folders[0]), "--model", str(model), "-o", str(out)).exit_code == 0
        written.append(out.read_bytes())
    assert written[0] == written[1]


def test_one_modality_alone_at_another_size(
    run: Run, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    described = untrained(tmp_path / "untrained.json")
    out = tmp_path / "thermal.parquet"
    words = ["--model", str(described), "-o", str(out), "--image-px", "24", "--pool", "class_token"]
    result = run("embed", "--thermal", str(folders[1] / "a9.png"), *words)
    assert result.exit_code == 0, result.output
    assert rows(out) == [("a9", "thermal")]
    table = pq.read_table(out)
    assert table["rows"].to_pylist() == [3] and len(table["patches"][0]) == 9
    encoder = load_model(described)
    levels = cv2.imread(str(folders[1] / "a9.png"), cv2.IMREAD_UNCHANGED)
    assert levels is not None
    found = encoder.pair_features({"thermal": normal_images([levels], (24, 24))})["thermal"]
    pooled = torch.tensor(table["pooled"].to_pylist())
    torch.testing.assert_close(pooled, found.class_token)


def test_a_dataset_of_the_pipeline(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_folder(write_pairs(tmp_path / "raw", 4), tmp_path)
    register_pairs(tmp_path, aligned=True)
    for product in ("pairs", "registered"):
        target = tmp_path / "data" / product / "mine"
        target.parent.mkdir(parents=True)
        (tmp_path / product).rename(target)
    monkeypatch.chdir(tmp_path)
    words = ("embed", "--dataset", "mine", "--model", str(model), "-o")
    result = run(*words, "both.parquet")
    assert result.exit_code == 0, result.output
    names = sorted(name for name, modality in rows(Path("both.parquet")) if modality == "rgb")
    assert names == ["p000", "p001", "p002", "p003"] and len(rows(Path("both.parquet"))) == 8
    assert run(*words, "rgb.parquet", "--modality", "rgb").exit_code == 0
    assert {modality for _, modality in rows(Path("rgb.parquet"))} == {"rgb"}
    missing = run("embed", "--dataset", "yours", "--model", str(model), "-o", "x.parquet")
    assert missing.exit_code == 3 and "data/registered/yours" in missing.output


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "name images to embed, or a dataset"),
        (["rgb", "--dataset", "d"], 2, "name images to embed, or a dataset"),
        (["rgb/a9.jpg", "--thermal", "thermal"], 2, "2 thermal images have no rgb image"),
        (["rgb", "rgb/a9.jpg"], 2, "both called a9"),
        (["nowhere.png"], 3, "nowhere.png: No such file"),
        (["empty"], 3, "empty: a folder without images"),
        (["thermal/a9.png"], 3, "name thermal images by --thermal"),
        (["rgb", "--image-px", "20"], 3, "20x20 px are no whole number"),
    ],
)
def test_wrong_use_is_told_and_nothing_written(
    run: Run,
    model: Path,
    folders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(folders[0].parent)
    Path("empty").mkdir()
    result = run("embed", *words, "--model", str(model), "-o", "out.parquet")
    assert result.exit_code == code and message in result.output, result.output
    assert not [path for path in tmp_path.iterdir() if "out.parquet" in path.name]


def test_what_is_there_stays(
    run: Run, model: Path, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    out = write(tmp_path / "out.parquet", b"mine")
    result = run("embed", str(folders[0]), "--model", str(model), "-o", str(out))
    assert result.exit_code == 2 and "is there already" in result.output
    assert out.read_bytes() == b"mine"


def test_no_model_is_told(run: Run, folders: tuple[Path, Path], tmp_path: Path) -> None:
    words = ["--model", str(tmp_path / "nothing"), "-o", str(tmp_path / "out.parquet")]
    result = run("embed", str(folders[0]), *words)
    assert result.exit_code == 3 and "neither a folder with weights.safetensors" in result.output


def test_a_file_that_is_spoilt_midway_leaves_nothing(
    run: Run, model: Path, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    write(folders[0] / "sub/b.jpg", b"no image")
    out = tmp_path / "out.parquet"
    words = [str(folders[0]), "--model", str(model), "-o", str(out), "--batch", "1"]
    result = run("embed", *words)
    assert result.exit_code == 3 and "b.jpg" in result.output
    assert not [path for path in tmp_path.iterdir() if "out.parquet" in path.name]
