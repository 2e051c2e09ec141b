"""Traced arrays in SciPy's functions, with SciPy's support of the array API standard switched on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy", "1.17")

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> str:
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done.stdout


def test_functions_that_take_any_library():
    assert run("-m", "tests.namespace.scipy_functions") == ""


def test_what_does_not_says_so():
    code = """
import numpy as np, bibun as bb
from scipy import stats
for f in (lambda x: stats.expectile(x, 0.3), lambda x: stats.norm.logpdf(x).sum()):
    try:
        bb.grad(f)(np.ones(3))
    except bb.LostDerivativeError as error:
        print("would be lost" in str(error))
"""
    assert run("-c", code).split() == ["True", "True"]
