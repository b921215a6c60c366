"""Packages that declare dependencies which conflict with the pinned ones, or far more than the networks need.

They are installed beside the environment, without dependencies, so that every requirements file installs as it is.
"""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".cache/reference"

MFLUX = "mflux==0.18.0"
MFLUX_WITH_FLUX2 = "mflux==0.24.0"
DEPTH_ANYTHING_3 = "depth-anything-3==0.1.1"


def use(requirement):
    """Puts a package on the path, installing it at the first use. Every import of it must come later."""
    name, wanted = requirement.split("==")
    try:
        if version(name) == wanted:
            return
    except PackageNotFoundError:
        pass
    folder = FOLDER / requirement
    if not folder.exists():
        partial = FOLDER / f".{requirement}.part"
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", partial, requirement],
            check=True,
        )
        partial.rename(folder)
    sys.path.insert(0, str(folder))
