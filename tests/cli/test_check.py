"""`bibun check`: the exit code, what is named, and what it prints, on functions whose derivative is known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODEL = """
import numpy as np
import bibun as bb


def loss(w, b, x=np.arange(6.0).reshape(2, 3) / 10, *, labels=None, mode="mean"):
    y = np.log1p(np.exp(-(x @ w + b)))
    return np.mean(y) if mode == "mean" else np.sum(y[labels])


def gradient(w, b):
    x = np.arange(6.0).reshape(2, 3) / 10
    s = -1 / (1 + np.exp(x @ w + b)) / 2
    return s @ x, s.sum()


def careless(w, b):
    by_w, by_b = gradient(w, b)
    return by_w, by_b / 2


@bb.custom_vjp
def softplus(x):
    return np.log1p(np.exp(x))


softplus.defvjp(lambda x: (np.log1p(np.exp(x)), x), lambda x, g: (g * np.tanh(x),))


def network(params):
    print("called")
    y = softplus(params["layers"][0]["w"] @ params["x"])
    return np.sum(y * y)


def ramp(x):
    return np.sum(np.where(x >= 0, x, 0.0))


def cubes(x):
    return {"sum": np.sum(x**3), "each": x**3}


def count(x):
    return np.sum(x > 0)


def shape_of(x):
    return np.zeros(3)


def logarithm(x):
    if x < 0:
        raise ValueError("x is negative")
    return np.log(x)


def unlike(x):
    if not isinstance(x, float):
        raise OSError("only floats")
    return x * x
"""


def at(text: str) -> str:
    """model.py:LINE of the first line that holds the text."""
    lines = MODEL.lstrip().splitlines()
    return f"model.py:{1 + next(i for i, line in enumerate(lines) if text in line)}"


POINT = ("--at", "w=[1, 2, 3]", "--at", "b=0.5")


@pytest.fixture
def check(write: Callable[..., Path], bibun: Callable[..., Any]) -> Callable[..., Any]:
    """check("loss", "--at", ...) runs the command on model.py."""
    write(MODEL)

    def run(function: str, *arguments: str) -> Any:
        return bibun("check", f"model.py:{function}", *arguments)

    return run


def by_path(result: Any) -> dict[str, Any]:
    return {argument["path"]: argument for argument in json.loads(result.stdout)["arguments"]}


def test_a_right_derivative_is_code_0(check: Callable[..., Any]) -> None:
    result = check("loss", *POINT)
    assert (result.code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("check of loss: all derivatives agree to 1")
    assert "w  (3,) float64" in result.stdout
    assert lines[-1].startswith(tuple("123456789"))
    assert " evaluations of loss, " in lines[-1]


def test_json_names_the_arguments_as_the_function_does(check: Callable[..., Any]) -> None:
    result = check("loss", *POINT, "--json")
    found = by_path(result)
    s = -1 / (1 + np.exp(np.arange(6.0).reshape(2, 3) / 10 @ np.array([1.0, 2.0, 3.0]) + 0.5)) / 2
    assert list(found) == ["w", "b"]
    assert found["b"]["comparisons"][0]["numerical"] == pytest.approx(s.sum(), rel=1e-12)
    assert {comparison["mode"] for comparison in found["w"]["comparisons"]} == {"reverse", "forward"}
    assert json.loads(result.stdout)["ok"] is True


def test_wrt_chooses_and_takes_defaults(check: Callable[..., Any]) -> None:
    found = by_path(check("loss", *POINT, "--wrt", "x", "--wrt", "b", "--json"))
    assert list(found) == ["b", "x"]
    assert found["x"]["shape"] == [2, 3]


def test_integers_texts_and_keywords_are_passed(check: Callable[..., Any]) -> None:
    labels = '{"dtype": "int64", "value": [0, 1]}'
    result = check("loss", *POINT, "--at", f"labels={labels}", "--at", 'mode="sum"', "--json")
    assert result.code == 0
    assert list(by_path(result)) == ["w", "b"]


def test_a_wrong_rule_is_code_1_and_named_with_its_line(check: Callable[..., Any]) -> None:
    point = """params={"layers": [{"w": [[1, 0.5], [-0.25, 2]]}], "x": [1, 2]}"""
    result = check("network", "--at", point)
    assert result.code == 1
    assert result.stderr == "called\n"
    lines = result.stdout.splitlines()
    assert lines[0].startswith(
        "check of network: the derivative by params['layers'][0]['w'] and params['x'] is wrong, "
    )
    assert f"because of softplus at {at('y = softplus')}" in " ".join(result.stdout.split())
    assert any(line.startswith(f"culprit: softplus at {at('y = softplus')}") for line in lines)
    assert any(line.startswith("  wrong: params['x'][0]: expected ") for line in lines)


def test_a_gradient_by_hand(check: Callable[..., Any]) -> None:
    right = check("loss", *POINT, "--gradient", "gradient", "--json")
    assert right.code == 0
    assert "gradient" in {comparison["mode"] for comparison in by_path(right)["w"]["comparisons"]}
    wrong = check("loss", *POINT, "--gradient", "careless", "--json")
    assert wrong.code == 1
    found = by_path(wrong)
    assert found["w"]["verdict"] == "agrees"
    assert [entry["mode"] for entry in found["b"]["wrong"]] == ["gradient"]
    assert found["b"]["wrong"][0]["expected"] == pytest.approx(2 * found["b"]["wrong"][0]["found"])


def test_a_gradient_in_another_file_of_the_same_name(check: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("def gradient(w, b):\n    return 0 * w, 0 * b\n", "by_hand/model.py")
    assert check("loss", *POINT, "--gradient", "by_hand/model.py:gradient").code == 1
    assert check("loss", *POINT, "--gradient", "model.py:gradient").code == 0


def test_a_gradient_of_a_wrong_shape_is_code_2(check: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("def gradient(w, b):\n    return w\n", "other.py")
    result = check("loss", *POINT, "--gradient", "other.py:gradient")
    assert result.code == 2
    assert result.stdout == ""
    assert "gradient= returned" in result.stderr


def test_a_kink_is_no_error(check: Callable[..., Any]) -> None:
    result = check("ramp", "--at", "[1, 0, -1]")
    assert result.code == 0
    assert result.stdout.startswith("check of ramp: agrees, with a kink by x\n")
    assert "which is no error" in result.stdout


def test_several_outputs(check: Callable[..., Any]) -> None:
    result = check("cubes", "--at", "[1, 2]")
    assert result.code == 0


def test_second_derivatives(check: Callable[..., Any]) -> None:
    result = check("loss", *POINT, "--order", "2", "--json")
    assert result.code == 0
    modes = {comparison["mode"] for comparison in by_path(result)["w"]["comparisons"]}
    assert modes == {"reverse over reverse", "forward over reverse"}


def test_the_seed_chooses_the_directions(check: Callable[..., Any]) -> None:
    np.save("x.npy", np.linspace(0.5, 2, 500))
    first, again, other = (
        by_path(check("cubes", "--at", "x.npy", "--seed", seed, "--json"))["x"]["comparisons"][0]["numerical"]
        for seed in "112"
    )
    assert first == again != other


MESSAGES = {
    "integer output": (("count", "--at", "[1, 2]"), f"{at('def count')}: def count(x):\n  check: count returned int64"),
    "raises": (
        ("logarithm", "--at", "-1"),
        f'{at("raise Val")}: raise ValueError("x is negative")\n  ValueError: x is negative\n  called with x = -1.0\n',
    ),
    "missing argument": (("loss", "--at", "w=1"), "model.py:5: def loss("),
    "no such gradient": (("loss", *POINT, "--gradient", "gradeint"), "no function gradeint in model.py. Did you mean"),
    "no such gradient file": (("loss", *POINT, "--gradient", "no.py:gradient"), "no such file: no.py"),
}


@pytest.mark.parametrize(("arguments", "message"), MESSAGES.values(), ids=MESSAGES)
def test_bad_input_is_one_message_and_code_2(
    check: Callable[..., Any], arguments: tuple[str, ...], message: str
) -> None:
    result = check(*arguments)
    assert result.code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {message}")
    assert "Traceback" not in result.stderr


def test_a_function_that_no_mode_can_differentiate_is_code_2(check: Callable[..., Any]) -> None:
    result = check("unlike", "--at", "2")
    assert result.code == 2
    assert "no derivative could be compared" in result.stdout
    assert "OSError: only floats" in result.stdout


@pytest.mark.parametrize("order", ["0", "3", "first"])
def test_other_orders_are_refused(check: Callable[..., Any], order: str) -> None:
    assert check("loss", *POINT, "--order", order).code == 2


def test_colours_belong_in_a_terminal(check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert check("loss", *POINT).stdout.isascii()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "╭" in check("loss", *POINT).stdout
