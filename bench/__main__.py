"""`python -m bench` measures everything and prints one table; `python -m bench plane live` a part of it."""

import os
import sys
import tempfile

from bench import compare, library, live, methods, plane, race, students
from bench.measuring import heading

PARTS = {
    "students": students.main,
    "library": library.main,
    "plane": plane.main,
    "live": live.main,
    "compare": compare.main,
    "methods": methods.main,
    "race": race.main,
}


def main() -> None:
    """Each part in turn, in a data folder of its own."""
    asked = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in asked if name not in PARTS]:
        sys.exit(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="dklab-bench-") as home:
        os.environ["DKLAB_HOME"] = home
        for name in asked:
            heading(name)
            PARTS[name]()


if __name__ == "__main__":
    main()
