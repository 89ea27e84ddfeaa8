"""Supplied transforms: which one a pair gets, and errors that say file and line."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.registered_pairs import homographies, shift
from twinband.core.errors import InputError
from twinband.registration.trust import ENTRIES, Calibration, Sample, read_homographies

HEADER = ",".join(["name", *ENTRIES])
ROW = "1,0,5,0,1,-2,0,0,1"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "calibration.csv"
    path.write_text(text, encoding=encoding)
    return path


def sample(name: str, group: str) -> Sample:
    return Sample(name, group, np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8))


def test_matrices_are_read_exactly_and_other_columns_ignored(tmp_path: Path) -> None:
    matrix = np.array([(1.01, 1e-3, -7.123456789012345), (2e-3, 0.98, 1 / 3), (1e-6, -1e-6, 1.0)])
    found = read_homographies(written(tmp_path, homographies({"a": matrix, "*": np.eye(3)})))
    assert list(found) == ["a", "*"]
    np.testing.assert_array_equal(found["a"], matrix)
    text = f"note,{HEADER}\nfine,a,{ROW}\n"
    np.testing.assert_array_equal(read_homographies(written(tmp_path, text))["a"], shift(5, -2))


def test_a_matrix_may_have_any_scale_and_a_file_a_mark_of_its_encoding(tmp_path: Path) -> None:
    text = f"{HEADER}\na,2,0,10,0,2,-4,0,0,2\n"
    found = read_homographies(written(tmp_path, text, "utf-8-sig"))
    np.testing.assert_array_equal(found["a"], shift(5, -2))


def test_a_header_alone_supplies_nothing(tmp_path: Path) -> None:
    found = read_homographies(written(tmp_path, f"{HEADER}\n"))
    assert found == {}
    assert Calibration(found).register([sample("a", "b")]) is None


def test_the_pairs_own_name_comes_before_its_sequence_and_the_rig() -> None:
    matrices = {"*": shift(1, 0), "drive": shift(2, 0), "drive/7": shift(3, 0)}
    calibration = Calibration(matrices)
    for name, group, x in (("drive/7", "drive", 3), ("drive/8", "drive", 2), ("x", "y", 1)):
        found = calibration.register([sample(name, group)])
        assert found is not None and found.status == "accepted"
        np.testing.assert_array_equal(found.matrix, shift(x, 0))


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ([f"a,{ROW}", f"b,{ROW}", f"a,{ROW}"], 4, "'a' stands there twice"),
        ([f"a,{ROW}", "b,1,0,5,0,one,0,0,0,1"], 3, "must be nine numbers"),
        (["a,1,0,5,0,1,-2,0,0"], 2, "must be nine numbers"),
        (["a,1,0,5,0,1,-2,0,0,"], 2, "must be nine numbers"),
        (["a,1,0,nan,0,1,-2,0,0,1"], 2, "must be finite"),
        (["a,1,0,inf,0,1,-2,0,0,1"], 2, "must be finite"),
        (["a,1,0,5,0,1,-2,0,0,0"], 2, "h22 not 0"),
        ([f"a,{ROW}", "b,1,2,0,2,4,0,0,0,1"], 3, "has no inverse"),
        (["b,0,0,0,0,0,0,0,0,1"], 2, "has no inverse"),
    ],
)
def test_errors_say_file_and_line(
    tmp_path: Path, lines: list[str], line: int, message: str
) -> None:
    path = written(tmp_path, "\n".join([HEADER, *lines]) + "\n")
    with pytest.raises(InputError, match=message) as error:
        read_homographies(path)
    assert str(error.value).startswith(f"{path}, line {line}: ")


@pytest.mark.parametrize(
    ("text", "missing"),
    [("", "h00"), ("name,h00,h01\n", "h02, h10"), (f"{HEADER[5:]}\n", "name")],
)
def test_a_missing_column_is_named(tmp_path: Path, text: str, missing: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=f"no column {missing}") as error:
        read_homographies(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv: No such file"):
        read_homographies(tmp_path / "gone.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(InputError, match=r"binary\.csv is no UTF-8 text"):
        read_homographies(tmp_path / "binary.csv")
