"""``python -m twinband.params FILE``: is the file valid as a whole? Exit code 2 and a list if not.

The quick part of ``twinband doctor``, for those that run before every walk over the graph.
"""

import sys
from pathlib import Path

import yaml

from twinband.params.base import ParamsError
from twinband.params.root import validate_file


def main(path: Path) -> int:
    """Print what is wrong with the file, a line each."""
    try:
        validate_file(yaml.safe_load(path.read_text()))
    except (ParamsError, OSError, yaml.YAMLError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
