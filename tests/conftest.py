"""What every test rests on: a data folder of its own, and one thread so that results repeat to the last bit."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

_folder = tempfile.mkdtemp(prefix="dklab-tests-")
os.environ["DKLAB_HOME"] = _folder
os.environ.pop("DKLAB_DATABASE_URL", None)
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples every time, and no deadline: a busy machine is not a wrong answer.
settings.register_profile("lab", deadline=None, derandomize=True)
settings.load_profile("lab")


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """What is the same bit for bit, or compared with what was, is computed on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_folder, ignore_errors=True)
