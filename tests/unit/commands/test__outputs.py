"""Names of outputs: distinct whatever the paths, and never those of what is read."""

from pathlib import Path

import pytest

from twinband.cli import UsageError
from twinband.commands._outputs import check_folder, check_not_overwritten, distinct_names


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["rgb/0001.png", "thermal/0001.png"], ["rgb-0001", "thermal-0001"]),
        (["rgb/a.png", "thermal/b.png"], ["a", "b"]),
        (["rgb/1.png", "thermal/1.png", "thermal/2.png"], ["rgb-1", "thermal-1", "2"]),
        (["s1/rgb/1.png", "s1/thermal/1.png"], ["rgb-1", "thermal-1"]),
        (["s1/rgb/1.png", "s2/rgb/1.png"], ["s1-rgb-1", "s2-rgb-1"]),
        (["s1/rgb/1.png", "s2/rgb/1.png", "s2/thermal/1.png"],
         ["s1-rgb-1", "s2-rgb-1", "thermal-1"]),
        (["street.png", "street.jpg"], ["street-png", "street-jpg"]),
        (["x/street.png", "y/street.png", "y/street.jpg"],
         ["street", "street-png", "street-jpg"]),
        (["q/rgb-1.png", "rgb/1.png", "thermal/1.png"], ["q-rgb-1", "here-rgb-1", "thermal-1"]),
        (["a-b/c.png", "a/b-c.png", "z/c.png", "z/b-c.png"],
         ["here-a-b-c", "here-a-b-c-2", "z-c", "z-b-c"]),
        (["rgb/A.png", "thermal/a.png"], ["rgb-A", "thermal-a"]),
        (["rgb/../rgb/1.png", "thermal/1.png"], ["rgb-1", "thermal-1"]),
        (["été/é.png", "雪/é.png"], ["été-é", "雪-é"]),
        (["a/.png", "b/.png"], ["a-.png", "b-.png"]),
    ],
)  # fmt: skip
def test_names_are_the_shortest_ends_that_tell_files_apart(
    files: list[str], names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    found = distinct_names([Path(file) for file in files])
    shown = [name.removeprefix(f"{'-'.join(tmp_path.parts[1:])}-") for name in found]
    shown = [name.removeprefix("root-") for name in shown]
    assert len({name.casefold() for name in found}) == len(files)
    assert all(name.endswith(wanted) for name, wanted in zip(shown, names, strict=True)), found


@pytest.mark.parametrize("again", ["rgb/1.png", "./rgb/1.png", "rgb/../rgb/1.png"])
def test_a_file_named_twice_is_told(again: str) -> None:
    with pytest.raises(UsageError, match="is named 2 times"):
        distinct_names([Path("rgb/1.png"), Path(again)])


@pytest.mark.parametrize("below", ["", "a", "a/b/c"])
def test_a_folder_below_a_file_is_none(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file is a file; -o names a folder"):
        check_folder(tmp_path / "file" / below)
    check_folder(tmp_path / "new" / below)


def test_images_are_never_written_over(tmp_path: Path) -> None:
    image = tmp_path / "thermal.png"
    image.write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for out in (tmp_path, tmp_path / "link", tmp_path / "x/.."):
        with pytest.raises(UsageError, match="would be written over"):
            check_not_overwritten([image], [out / "thermal.png"])
    check_not_overwritten([image], [tmp_path / "out/thermal.png"])
