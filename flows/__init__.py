"""Prefect flows around the DVC graph.

Prefect reads its settings while it is imported, and Python runs this file before any module of
the package: the one place where the settings below are sure to come first.
"""

import os
from pathlib import Path

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
if "PREFECT_HOME" not in os.environ:
    # Prefect's database stays with the project: nothing is written to the home folder.
    home = Path(__file__).resolve().parents[1] / ".work" / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)  # the logs of flows, and the secret of `make serve`, are its user's alone
    os.environ["PREFECT_HOME"] = str(home)
