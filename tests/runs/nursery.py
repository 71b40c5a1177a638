"""Writers to be killed: for every run id on standard input a child that appends frames until it dies.

Each frame is acknowledged on standard output after `append` returned. Children are forked before any database is
opened and any tensor is made, so that twenty of them cost no more than one start of Python.
"""

import os
import sys

from kdcore.runs import open_log
from tests.runs.conftest import made_up


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            log, run_id = open_log(), line.strip()
            mark = log.newest_mark(run_id)
            print("pid", os.getpid(), flush=True)
            for step in range(0 if mark is None else mark[0] + 1, 10**9):
                log.append(run_id, made_up(step, probes=300))
                print("step", step, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    main()
