"""Copies of the project for tests that run DVC for real."""

import os
import shutil
import signal
import subprocess
import sys
from copy import copy
from pathlib import Path
from typing import Any

import yaml

from twinband.core.params import parse

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 1800  # machines are shared: a pipeline may be slow without being stuck


def tracked_files() -> list[Path]:
    """Files of the working tree that Git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(line) for line in listed.splitlines() if (ROOT / line).is_file()]


class Project:
    """A copy of the project in a folder of its own, under Git, with an empty DVC cache."""

    def __init__(self, root: Path, profile: str) -> None:
        self.root = root
        for path in tracked_files():
            result = path.parts[0] in ("metrics", "facts") and path.parts[1] != "sample_models"
            if (
                (result and path.suffix == ".json")
                or path.parts[0] == "tests"
                or path.name == "dvc.lock"
            ):
                continue
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, root / path)
        shutil.copy(root / f"profiles/{profile}.yaml", root / "params.yaml")
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@localhost",
            "GIT_COMMITTER_NAME": "test",
            "GIT_COMMITTER_EMAIL": "test@localhost",
            "DO_NOT_TRACK": "1",
        }
        for variable in ("DVC_ROOT", "DVC_STAGE", "PYTHONPATH", "TWINBAND_DATA"):
            self.environment.pop(variable, None)
        self.run("git", "init", "--quiet")
        self.commit("start")

    def copy(self, root: Path) -> "Project":
        """This project as it is now, in another folder."""
        copied = copy(self)
        copied.root = Path(shutil.copytree(self.root, root, symlinks=True))
        return copied

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; its output is in the assertion if it fails."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        if check:
            assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)

    def lock(self) -> dict[str, Any]:
        """The entries of dvc.lock."""
        stages: dict[str, Any] = yaml.safe_load((self.root / "dvc.lock").read_text())["stages"]
        return stages

    def params(self) -> dict[str, Any]:
        return parse((self.root / "params.yaml").read_text())

    def write_params(self, params: dict[str, Any]) -> None:
        (self.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def start_dvc(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    """Start a DVC command in a session of its own, so that all it starts can be killed at once."""
    return subprocess.Popen(
        ["dvc", *arguments],
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_group(process: "subprocess.Popen[str]") -> None:
    """SIGKILL a process started in a session of its own, with all its descendants there."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
