"""dvc.lock cut anywhere is told from a whole one, and comes back."""

import errno
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinband.core.dvc_lock import COPY, is_cut, keep, restore

STAGES = {
    f"ingest@{name}": {
        "cmd": "python3 -m pipeline_steps.ingest",
        "deps": [{"path": f"data/raw/{name}", "md5": f"{number:032x}.dir", "size": 10}],
        "outs": [{"path": f"data/pairs/{name}", "md5": f"{number:032x}.dir", "size": 10}],
    }
    for number, name in enumerate("abcdefgh")
}
WHOLE = yaml.safe_dump({"schema": "2.0", "stages": STAGES}, sort_keys=False)


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "dvc.lock").write_text(WHOLE)
    keep(root)
    return root


@settings(
    derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(size=st.integers(0, len(WHOLE) - 1))
def test_a_lock_cut_anywhere_comes_back(project: Path, size: int) -> None:
    (project / "dvc.lock").write_text(WHOLE[:size])
    # All entries there, the last one cut: DVC finds that one stage changed, and mends it itself.
    if list(_stages(WHOLE[:size])) == list(STAGES):
        assert not is_cut(project) and restore(project) == ""
    else:
        assert is_cut(project)
        assert "restored as it was when the last step began" in restore(project)
        assert (project / "dvc.lock").read_text() == WHOLE
    (project / COPY).write_text(WHOLE)


def _stages(text: str) -> dict[str, Any]:
    """The stages that have a command, as far as the text can be read."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    stages = content.get("stages") if isinstance(content, dict) else None
    entries = (stages if isinstance(stages, dict) else {}).items()
    return {name: entry for name, entry in entries if isinstance(entry, dict) and "cmd" in entry}


def test_a_whole_lock_replaces_the_copy_and_a_cut_one_does_not(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    keep(tmp_path)
    assert not (tmp_path / COPY).exists()
    for text in (WHOLE, WHOLE.replace("size: 10", "size: 11")):
        lock.write_text(text)
        keep(tmp_path)
        assert (tmp_path / COPY).read_text() == text
    for cut in ("", WHOLE[:200], WHOLE[: WHOLE.index("ingest@c")]):
        lock.write_text(cut)
        keep(tmp_path)
        assert (tmp_path / COPY).read_text() == text


def test_without_a_copy_git_has_one(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    git(tmp_path, "init", "--quiet")
    lock.write_text(WHOLE)
    git(tmp_path, "add", "dvc.lock")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    lock.write_text(WHOLE[:77])
    assert "restored from Git" in restore(tmp_path)
    assert lock.read_text() == WHOLE


def test_without_any_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text("schema: '2.")
    assert "no copy is left: removed" in restore(tmp_path)
    assert not (tmp_path / "dvc.lock").exists()


def test_an_earlier_commit_is_no_cut(tmp_path: Path) -> None:
    """As short as one, but Git's own."""
    lock, early = tmp_path / "dvc.lock", WHOLE[: WHOLE.index("  ingest@c")]
    git(tmp_path, "init", "--quiet")
    lock.write_text(early)
    git(tmp_path, "add", "dvc.lock")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    lock.write_text(WHOLE)
    keep(tmp_path)
    lock.write_text(early)
    assert restore(tmp_path) == ""
    keep(tmp_path)
    assert (tmp_path / COPY).read_text() == early


def test_a_merge_is_left_to_its_owner(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    lock.write_text(WHOLE)
    keep(tmp_path)
    conflict = f"<<<<<<< HEAD\n{WHOLE}=======\n{WHOLE}>>>>>>> other\n"
    lock.write_text(conflict)
    keep(tmp_path)
    assert restore(tmp_path) == "" and lock.read_text() == conflict
    assert (tmp_path / COPY).read_text() == WHOLE


def test_a_full_disk_leaves_the_copy_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "dvc.lock"
    lock.write_text(WHOLE)
    keep(tmp_path)
    lock.write_text(WHOLE.replace("size: 10", "size: 11"))

    def full(path: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        keep(tmp_path)
    assert (tmp_path / COPY).read_text() == WHOLE
    assert [path.name for path in (tmp_path / ".work").iterdir()] == ["dvc.lock"]
