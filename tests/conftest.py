"""Hypothesis profiles, where compiled programs are kept, and the guard against leaked global state. Holds no law."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# A headless machine has no display; this must be set before anything imports matplotlib.pyplot.
os.environ.setdefault("MPLBACKEND", "Agg")

# Compiled programs are kept from run to run, but not in the folder of whoever runs the tests.
os.environ.setdefault("BIBUN_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".bibun_cache"))

# No deadline: the first call of an operation imports lazily and takes many times as long as the second. The same cases
# in every run, so that what fails for one person fails for all; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(autouse=True)
def numpy_error_state_is_restored() -> Iterator[None]:
    """Fail a test after which NumPy reacts differently to overflow, underflow, division by 0 or nan."""
    before = np.geterr(), np.geterrcall()
    yield
    after = np.geterr(), np.geterrcall()
    np.seterr(**before[0])
    np.seterrcall(before[1])
    assert after == before, f"the test leaked NumPy's error state: {before[0]} became {after[0]}"
