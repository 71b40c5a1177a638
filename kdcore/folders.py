"""Where this program keeps what it makes."""

import os
from pathlib import Path

from platformdirs import user_data_dir

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def data_folder() -> Path:
    """The folder for runs and trained teachers: DKLAB_HOME, or the user's data directory. Not created here."""
    return Path(os.environ.get("DKLAB_HOME") or user_data_dir("dark-knowledge-lab", appauthor=False))
