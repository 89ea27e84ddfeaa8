"""The steps behind dvc.yaml's stages: ``python -m pipeline_steps.STAGE``.

Queued experiments run in copies of the tree and must run their own code, so the copy's ``src``
goes first on the path, before any step imports twinband.
"""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

if importlib.util.find_spec("pydantic") is None or importlib.util.find_spec("cv2") is None:
    sys.exit(
        "twinband's environment is not active: type `. .venv/bin/activate` and repeat the command"
        " (no .venv yet? `make setup` makes it), or use `make repro`"
    )
