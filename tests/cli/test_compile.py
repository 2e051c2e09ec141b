"""`bibun compile`: the result against closed forms, the source it prints run as it stands, options and bad input."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODEL = """
import numpy as np

DATA = np.arange(6.0).reshape(2, 3) / 10


def loss(w, b):
    return np.mean(np.log1p(np.exp(-(DATA @ w + b))))


def polar(p):
    return np.stack([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])


def several(x, n, mode="a"):
    return {"product": x * n, "rest": [np.sum(x), mode]} if mode == "a" else x


def relu(x):
    return x if x > 0 else 0 * x


def scaled(a, *, b):
    return np.sum(a * b)


def plain(x):
    return float(x)


def changing(x):
    y = x * DATA[0]
    DATA[0] += 1
    return y
"""


@pytest.fixture
def run(write: Callable[..., Path], bibun: Callable[..., Any]) -> Callable[..., Any]:
    """run("loss", "--at", ...) runs the command on model.py."""
    write(MODEL)
    return lambda function, *arguments: bibun("compile", f"model.py:{function}", *arguments)


def source_of(stdout: str) -> str:
    return stdout[stdout.index("import numpy as np") :]


def function_in(stdout: str, name: str) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(source_of(stdout), space)
    return space[name]  # type: ignore[no-any-return]


def test_the_value_and_the_source(run: Callable[..., Any]) -> None:
    result = run("polar", "--at", "[2, 0.5]")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.startswith("polar  model.py:")
    assert re.search(r"^p +float64 \(2,\) +2  0.5$", result.stdout, re.MULTILINE)
    assert re.search(r"^value +float64 \(2,\) +1\.75517  0\.958851$", result.stdout, re.MULTILINE)
    assert re.search(r"^time   plain .*s   compiled .*s   ratio .*   first call .*s$", result.stdout, re.MULTILINE)
    found = function_in(result.stdout, "polar")(np.array([2.0, 0.5]))
    np.testing.assert_allclose(found, [2 * np.cos(0.5), 2 * np.sin(0.5)], rtol=1e-14)


def test_the_gradient(run: Callable[..., Any]) -> None:
    result = run("loss", "--at", "w=[1, 2, 3]", "--at", "b=0.5", "--gradient")
    assert result.stdout.startswith("gradient of loss  model.py:")
    data, w = np.arange(6.0).reshape(2, 3) / 10, np.array([1.0, 2.0, 3.0])
    slope = -1 / (1 + np.exp(data @ w + 0.5)) / 2
    for name, number in (("value", np.mean(np.log1p(np.exp(-(data @ w + 0.5))))), ("gradient b", np.sum(slope))):
        (text,) = re.findall(rf"^{name} +float64 +(\S+)$", result.stdout, re.MULTILINE)
        assert float(text) == pytest.approx(number, rel=1e-13)
    value, (of_w, of_b) = function_in(result.stdout, "value_and_grad_loss")(w, 0.5, DATA=data)
    np.testing.assert_allclose(of_w, slope @ data, rtol=1e-13)
    np.testing.assert_allclose(of_b, np.sum(slope), rtol=1e-13)


def test_wrt_chooses(run: Callable[..., Any]) -> None:
    result = run("loss", "--at", "w=[1, 2, 3]", "--at", "b=0.5", "--gradient", "--wrt", "b")
    assert "gradient b" in result.stdout
    assert "gradient w" not in result.stdout
    assert re.search(r"^w .*\(not differentiated\)$", result.stdout, re.MULTILINE)


def test_the_jacobian(run: Callable[..., Any]) -> None:
    result = run("polar", "--at", "[2, 0.5]", "--jacobian")
    (found,) = function_in(result.stdout, "jacobian_polar")(np.array([2.0, 0.5]))
    c, s = np.cos(0.5), np.sin(0.5)
    np.testing.assert_allclose(found, [[c, -2 * s], [s, 2 * c]], rtol=1e-14)


def test_the_hessian_in_blocks(run: Callable[..., Any]) -> None:
    result = run("loss", "--at", "w=[1, 2, 3]", "--at", "b=0.5", "--hessian")
    for name in ("Hessian w, w", "Hessian w, b", "Hessian b, w", "Hessian b, b"):
        assert re.search(rf"^{name} +float64", result.stdout, re.MULTILINE)


def test_results_in_containers_and_arguments_of_any_dtype(run: Callable[..., Any]) -> None:
    result = run("several", "--at", "x=[1, 2]", "--at", 'n={"dtype": "int64", "value": 3}')
    assert re.search(r"^n +int64 +3$", result.stdout, re.MULTILINE)
    assert re.search(r"^value\['product'\] +float64 \(2,\) +3  6$", result.stdout, re.MULTILINE)
    assert re.search(r"^value\['rest'\]\[0\] +float64 +3$", result.stdout, re.MULTILINE)
    assert re.search(r"^value\['rest'\]\[1\] +str +'a'$", result.stdout, re.MULTILINE)


def test_a_keyword_argument(run: Callable[..., Any]) -> None:
    result = run("scaled", "--at", "a=2", "--at", "b=[1, 3]", "--gradient")
    assert re.search(r"^gradient a +float64 +4$", result.stdout, re.MULTILINE)


def test_the_explanation_instead_of_the_source(run: Callable[..., Any]) -> None:
    result = run("relu", "--at", "2", "--explain")
    assert "import numpy" not in result.stdout
    assert re.search(r"^  decisions\n    model\.py:\d+: True$", result.stdout, re.MULTILINE)
    assert "cost of a call" in result.stdout


def test_llvm_after_the_explanation(run: Callable[..., Any]) -> None:
    result = run("relu", "--at", "2", "--llvm", "--explain")
    assert 0 < result.stdout.index("cost of a call") < result.stdout.index("define internal i32 @program(")


def test_fast_uses_identities_of_real_numbers(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write("import numpy as np\n\n\ndef f(x):\n    return np.log(np.exp(x))\n")
    assert "np.log" in bibun("compile", "model.py:f", "--at", "1").stdout
    assert "np.log" not in bibun("compile", "model.py:f", "--at", "1", "--fast").stdout


def test_a_function_that_cannot_be_a_program_says_why(run: Callable[..., Any]) -> None:
    result = run("changing", "--at", "[1, 2, 3]")
    assert result.code == 0
    assert result.stderr.startswith("warning: compile(changing): runs plainly from now on")
    assert "runs plainly, without a program: a plain array of shape (3,)" in " ".join(result.stdout.split())


ERRORS = {
    "two questions": (
        ("polar", "--at", "[1, 2]", "--gradient", "--jacobian"),
        "error: --gradient, --jacobian and --hessian exclude each other: give one.",
    ),
    "a gradient of an array": (
        ("polar", "--at", "[1, 2]", "--gradient"),
        "error: model.py:10: def polar(p):\n  value_and_grad: ",
    ),
    "a plain number": (("plain", "--at", "1"), "error: at "),
    "an integer, to be differentiated": (
        ("polar", "--at", 'p={"dtype": "int64", "value": [1, 2]}', "--gradient"),
        "error: model.py:10: def polar(p):\n  p is of type int64",
    ),
    "a wrong shape": (
        ("loss", "--at", "w=[1, 2]", "--at", "b=1"),
        "error: model.py:7: return np.mean(np.log1p(np.exp(-(DATA @ w + b))))\n  ValueError: matmul: ",
    ),
    "a missing argument": (
        ("loss", "--at", "w=[1, 2]"),
        "error: model.py:6: def loss(w, b):\n  1 argument is missing: b.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), ERRORS.values(), ids=ERRORS)
def test_bad_input_is_one_message(arguments: tuple[str, ...], message: str, run: Callable[..., Any]) -> None:
    result = run(*arguments)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)
    assert "Traceback" not in result.stderr
