"""The command ``twinband``: its help, errors and imports."""

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from twinband.cli import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_help_lists_every_command() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in ("clean-work", "datasets", "doctor", "profile", "verify"):
        assert f" {name} " in result.output


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['twinband', '--help']\n"
        "from twinband.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print('heavy:', sorted({'torch', 'cv2', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "heavy: []"


def test_errors_are_one_message_without_traceback(tmp_path: Path) -> None:
    result = run("datasets", "check", "roadscene", str(tmp_path / "nowhere"))
    assert result.exit_code == 3
    assert result.stderr == f"twinband: no folder at {tmp_path / 'nowhere'}\n"
    assert result.stdout == ""


def test_an_unknown_command_is_wrong_use() -> None:
    assert run("paint").exit_code == 2
    assert run("-datasets-check").exit_code == 2
