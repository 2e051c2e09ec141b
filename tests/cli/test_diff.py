"""`bibun diff` against closed forms, through --json, and the text it prints."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODEL = """
import numpy as np


def loss(w, b, x=np.arange(6.0).reshape(2, 3) / 10):
    return np.mean(np.log1p(np.exp(-(x @ w + b))))


def sin_cubed(x):
    return np.sin(x) ** 3


def polar(p):
    return np.stack([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])


def quadratic(x, y):
    a = np.array([[2.0, 1.0], [0.0, 3.0]])
    return x @ a @ x + y * np.sum(x) + y**3


def sum_of_squares(x):
    return np.sum(x * x)


def network(params, mode="tanh"):
    hidden = params["layers"][0]["w"] @ params["x"]
    return np.sum((np.tanh if mode == "tanh" else np.sin)(hidden))


def ramp(x):
    return np.sum(np.where(x >= 0, x, 0.0))


def square_root(x):
    return np.sum(np.sqrt(x))


def in_place(x):
    x = x + 0.0
    x[1:] *= 3.0
    return np.sum(x * x)


def talks(x):
    print("called")
    return x * x


def modulus(z):
    return np.sum(np.abs(z) ** 2)


def holomorphic(z):
    return np.exp(z) * z


def minimum(x):
    return np.hypot(1, 3 * x - 0.9)
"""


@pytest.fixture
def diff(write: Callable[..., Path], bibun: Callable[..., Any]) -> Callable[..., Any]:
    """diff("loss", "--at", ...) runs the command on model.py and returns the parsed --json."""
    write(MODEL)

    def run(function: str, *arguments: str) -> Any:
        result = bibun("diff", f"model.py:{function}", *arguments, "--json")
        assert (result.code, result.stderr) == (0, "")
        return json.loads(result.stdout)

    return run


@pytest.fixture
def text(write: Callable[..., Path], bibun: Callable[..., Any]) -> Callable[..., str]:
    """text("loss", "--at", ...) runs the command on model.py and returns what it prints."""
    write(MODEL)

    def run(function: str, *arguments: str) -> str:
        result = bibun("diff", f"model.py:{function}", *arguments)
        assert (result.code, result.stderr) == (0, "")
        return str(result.stdout)

    return run


def by_name(report: Any) -> dict[tuple[str, ...], Any]:
    return {tuple(entry["by"]): entry for entry in report["derivatives"]}


def test_gradient_by_several_arguments(diff: Callable[..., Any]) -> None:
    report = diff("loss", "--at", "w=[1, 2, 3]", "--at", "b=0.5")
    x, w = np.arange(6.0).reshape(2, 3) / 10, np.array([1.0, 2.0, 3.0])
    slope = -1 / (1 + np.exp(x @ w + 0.5)) / 2
    found = by_name(report)
    np.testing.assert_allclose(found["w",]["exact"], slope @ x, rtol=1e-13)
    np.testing.assert_allclose(found["w",]["numerical"], slope @ x, rtol=1e-10)
    np.testing.assert_allclose(found["b",]["exact"], slope.sum(), rtol=1e-13)
    assert report["value"]["value"] == pytest.approx(np.mean(np.log1p(np.exp(-(x @ w + 0.5)))), rel=1e-14)
    assert found["w",]["kind"] == "gradient"
    assert found["w",]["shape"] == [3]
    assert found["w",]["digits"] == min(found["w",]["digits_by_entry"]) > 10
    assert report["warnings"] == []


def test_wrt_chooses_and_takes_defaults(diff: Callable[..., Any]) -> None:
    report = diff("loss", "--at", "w=[1, 2, 3]", "--at", "b=0.5", "--wrt", "b", "--wrt", "x")
    assert list(by_name(report)) == [("b",), ("x",)]
    assert report["arguments"]["w"]["differentiated"] is False
    assert report["arguments"]["x"]["differentiated"] is True


def test_arguments_of_the_report_can_be_given_back(diff: Callable[..., Any], folder: Path) -> None:
    report = diff("sum_of_squares", "--at", '{"dtype": "float32", "value": [1, 2]}')
    given = {
        name: {k: v for k, v in value.items() if k != "differentiated"} for name, value in report["arguments"].items()
    }
    (folder / "again.json").write_text(json.dumps(given))
    again = diff("sum_of_squares", "--at", "again.json")
    assert again["arguments"] == report["arguments"]
    assert again["derivatives"][0]["exact"] == [2.0, 4.0]
    assert again["value"]["dtype"] == "float32"


def test_orders(diff: Callable[..., Any]) -> None:
    s, c = np.sin(0.3), np.cos(0.3)
    report = diff("sin_cubed", "--at", "0.3", "--order", "3")
    exact = [entry["exact"] for entry in report["derivatives"]]
    truth = [3 * s**2 * c, 6 * s * c**2 - 3 * s**3, 6 * c**3 - 21 * s**2 * c]
    np.testing.assert_allclose(exact, truth, rtol=1e-13)
    assert [entry["by"] for entry in report["derivatives"]] == [["order 1"], ["order 2"], ["order 3"]]
    assert min(entry["digits"] for entry in report["derivatives"]) > 10


def test_orders_above_the_degree_of_a_polynomial_are_zero(diff: Callable[..., Any]) -> None:
    report = diff("sum_of_squares", "--at", "3", "--order", "4")
    assert [entry["exact"] for entry in report["derivatives"]] == [6.0, 2.0, 0.0, 0.0]


@pytest.mark.parametrize("option", [(), ("--jacobian",)])
def test_jacobian(diff: Callable[..., Any], option: tuple[str, ...]) -> None:
    report = diff("polar", "--at", "[2, 0.5]", *option)
    truth = [[np.cos(0.5), -2 * np.sin(0.5)], [np.sin(0.5), 2 * np.cos(0.5)]]
    (found,) = report["derivatives"]
    np.testing.assert_allclose(found["exact"], truth, rtol=1e-14)
    np.testing.assert_allclose(found["numerical"], truth, rtol=1e-10)
    assert found["kind"] == "Jacobian"
    note = "polar returned shape (2,), so this is its Jacobian, as with --jacobian."
    assert report["notes"] == ([] if option else [note])


def test_jacobian_of_one_number_is_its_gradient(diff: Callable[..., Any]) -> None:
    (found,) = diff("sum_of_squares", "--at", "[1, 2]", "--jacobian")["derivatives"]
    assert found["exact"] == [2.0, 4.0]


def test_hessian_blocks(diff: Callable[..., Any]) -> None:
    report = diff("quadratic", "--at", "x=[1, 2]", "--at", "y=3", "--hessian")
    kinds = [(entry["kind"], tuple(entry["by"])) for entry in report["derivatives"]]
    assert kinds == [
        ("gradient", ("x",)),
        ("gradient", ("y",)),
        ("Hessian", ("x", "x")),
        ("Hessian", ("x", "y")),
        ("Hessian", ("y", "x")),
        ("Hessian", ("y", "y")),
    ]
    found = by_name(report)
    np.testing.assert_allclose(found["x", "x"]["exact"], [[4, 1], [1, 6]], rtol=1e-14)
    np.testing.assert_allclose(found["x", "y"]["exact"], [1, 1], rtol=1e-14)
    np.testing.assert_allclose(found["y", "x"]["exact"], [1, 1], rtol=1e-14)
    np.testing.assert_allclose(found["y", "y"]["exact"], 18, rtol=1e-14)
    np.testing.assert_allclose(found["x",]["exact"], [9, 16], rtol=1e-14)
    assert min(entry["digits"] for entry in report["derivatives"]) > 9


def test_nested_containers_and_text(diff: Callable[..., Any], folder: Path) -> None:
    np.save("w.npy", np.array([[0.1, 0.2], [0.3, 0.4]]))
    (folder / "point.json").write_text(
        '{"params": {"layers": [{"w": [[0.1, 0.2], [0.3, 0.4]]}], "x": [1, 2]}, "mode": "sin"}'
    )
    found = by_name(diff("network", "--at", "point.json"))
    w, x = np.load("w.npy"), np.array([1.0, 2.0])
    slope = np.cos(w @ x)
    np.testing.assert_allclose(found["params['layers'][0]['w']",]["exact"], np.outer(slope, x), rtol=1e-14)
    np.testing.assert_allclose(found["params['x']",]["exact"], slope @ w, rtol=1e-14)


def test_large_arguments_are_compared_along_directions(diff: Callable[..., Any], folder: Path) -> None:
    x = np.linspace(-1, 1, 1000)
    np.save("x.npy", x)
    (found,) = diff("sum_of_squares", "--at", "x.npy")["derivatives"]
    np.testing.assert_allclose(found["exact"], 2 * x, rtol=1e-14)
    assert found["numerical"] is None
    assert found["digits_by_entry"] is None
    assert len(found["directions"]) == 3
    assert found["digits"] == min(direction["digits"] for direction in found["directions"]) > 10


def test_float32_stays_float32(diff: Callable[..., Any]) -> None:
    report = diff("sum_of_squares", "--at", '{"dtype": "float32", "value": [0.1, 0.2]}')
    (found,) = report["derivatives"]
    np.testing.assert_array_equal(np.float32(found["exact"]), found["exact"])
    assert 6 < found["digits"] <= 16


def test_complex_arguments(diff: Callable[..., Any]) -> None:
    (found,) = diff("modulus", "--at", '{"dtype": "complex128", "value": ["1+2j", "3-1j"]}')["derivatives"]
    np.testing.assert_allclose(np.array(found["exact"], dtype=complex), [2 - 4j, 6 + 2j], rtol=1e-14)
    assert found["digits"] > 10


def test_the_complex_jacobian_of_a_holomorphic_function(diff: Callable[..., Any]) -> None:
    report = diff("holomorphic", "--at", '{"dtype": "complex128", "value": ["1+2j", "0.5-1j"]}')
    (found,) = report["derivatives"]
    z = np.array([1 + 2j, 0.5 - 1j])
    np.testing.assert_allclose(np.array(found["exact"], dtype=complex), np.diag((1 + z) * np.exp(z)), rtol=1e-14)
    assert found["digits"] > 10


def test_in_place_code_and_the_users_arrays(diff: Callable[..., Any]) -> None:
    (found,) = diff("in_place", "--at", "[1, 2, 3]")["derivatives"]
    assert found["exact"] == [2.0, 36.0, 54.0]


def test_a_kink_is_reported(diff: Callable[..., Any], text: Callable[..., str]) -> None:
    report = diff("ramp", "--at", "[1, 0, -1]")
    (warning,) = report["warnings"]
    assert warning.startswith("x: the numerical derivative is limited by: kink: slopes 0 and 1 (1 of 3 entries")
    (found,) = report["derivatives"]
    assert found["numerical"] == [1.0, 0.5, 0.0]
    assert found["numerical_error"][1] == pytest.approx(0.5)
    printed = " ".join(text("ramp", "--at", "[1, 0, -1]").split())
    assert "within 5e-01" in printed
    assert printed.endswith(f"warning: {warning}")


def test_a_wrong_hand_written_backward_is_reported(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write(
        """
        import bibun as bb


        @bb.custom_vjp
        def cube(x):
            return x**3


        cube.defvjp(lambda x: (x**3, x), lambda x, g: (2.9 * x**2 * g,))
        """
    )
    report = json.loads(bibun("diff", "model.py:cube", "--at", "2", "--json").stdout)
    (found,) = report["derivatives"]
    assert found["exact"] == pytest.approx(11.6)
    assert found["numerical"] == pytest.approx(12.0)
    assert found["digits"] == pytest.approx(-np.log10(0.4 / 12.0))
    (warning,) = report["warnings"]
    assert warning.startswith("x: exact 11.6, numerical 12 ± ")
    assert warning.endswith(". They disagree; `bibun check` finds out which rule is wrong.")


def test_a_derivative_that_is_zero_agrees_within_the_numerical_error(
    diff: Callable[..., Any], text: Callable[..., str]
) -> None:
    report = diff("minimum", "--at", "0.3")
    (found,) = report["derivatives"]
    assert abs(found["numerical"] - found["exact"]) <= found["numerical_error"] < 1e-12
    assert found["digits"] is None
    assert report["warnings"] == []
    assert re.search(r"within \de-1\d$", text("minimum", "--at", "0.3"), re.MULTILINE)


def test_an_infinite_slope_is_reported(diff: Callable[..., Any]) -> None:
    report = diff("square_root", "--at", "[0, 1]")
    (found,) = report["derivatives"]
    assert found["exact"] == ["inf", 0.5]
    assert report["warnings"] == ["x: 1 of 2 entries of the exact derivative are not finite here."]


def test_prints_of_the_function_appear_once_on_stderr(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write(MODEL)
    result = bibun("diff", "model.py:talks", "--at", "3", "--json")
    assert result.stderr == "called\n"
    assert json.loads(result.stdout)["derivatives"][0]["exact"] == 6.0


def test_times(diff: Callable[..., Any]) -> None:
    found = diff("sum_of_squares", "--at", "[1, 2]")["time"]
    assert found["function"] > 0
    assert found["ratio"] == pytest.approx(found["derivative"] / found["function"])
    assert found["of"] == "gradient"


# The user's file


def test_imports_beside_the_file(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write(
        """
        from helper import twice
        from .other import once


        def f(x):
            import late

            return late.add(twice(x), once(x))
        """
    )
    write("def twice(x):\n    return 2 * x\n", "helper.py")
    write("def once(x):\n    return x\n", "other.py")
    write("def add(x, y):\n    return x + y\n", "late.py")
    before = list(sys.path)
    result = bibun("diff", "model.py:f", "--at", "1", "--json")
    assert result.stderr == ""
    assert json.loads(result.stdout)["derivatives"][0]["exact"] == 3.0
    assert sys.path == before
    assert not {"helper", "late", "other"} & sys.modules.keys()


def test_a_file_in_a_package(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write("FACTOR = 5.0\n", "pkg/__init__.py")
    write("", "pkg/sub/__init__.py")
    write("from .. import FACTOR\n\n\ndef f(x):\n    return FACTOR * x\n", "pkg/sub/model.py")
    result = bibun("diff", "pkg/sub/model.py:f", "--at", "1", "--json")
    assert json.loads(result.stdout)["derivatives"][0]["exact"] == 5.0
    assert not {"pkg", "pkg.sub", "pkg.sub.model"} & sys.modules.keys()


def test_the_main_part_does_not_run_and_standard_names_are_not_hidden(
    write: Callable[..., Path], bibun: Callable[..., Any]
) -> None:
    write("def f(x):\n    return x * x\n\n\nif __name__ == '__main__':\n    raise SystemExit(7)\n", "random.py")
    import random

    result = bibun("diff", "random.py:f", "--at", "3", "--json")
    assert json.loads(result.stdout)["derivatives"][0]["exact"] == 6.0
    assert sys.modules["random"] is random


def test_methods_partials_and_callable_objects(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write(
        """
        from functools import partial


        class Model:
            @staticmethod
            def cost(x):
                return 3 * x

            def __call__(self, x):
                return 4 * x


        def power(n, x):
            return x**n


        model = Model()
        cube = partial(power, 3.0)
        """
    )
    for name, slope, line in [("Model.cost", 3.0, 6), ("model", 4.0, 10), ("cube", 12.0, 14)]:
        report = json.loads(bibun("diff", f"model.py:{name}", "--at", "x=2", "--json").stdout)
        assert report["derivatives"][0]["exact"] == slope
        assert abs(report["line"] - line) <= 1


# The text


def without_times(printed: str) -> str:
    return re.sub(r"(?<= )[\d.e+]+( [nµm]?s)?(?=   |\n|$)", "T", printed.splitlines()[-1])


def test_the_text_of_a_gradient(text: Callable[..., str]) -> None:
    lines = text("sum_of_squares", "--at", "[1, 2]").splitlines()
    assert lines[:-1] == [
        "sum_of_squares  model.py:21",
        "",
        "x       float64 (2,)   1  2",
        "value   float64        5",
        "",
        "gradient    exact   numerical   digits that agree",
        "  x  (2,)                                      16",
        "    [0]      2       2                         16",
        "    [1]      4       4                         16",
        "",
    ]
    assert without_times(lines[-1]) == "time   sum_of_squares T   gradient T   ratio T"


def test_the_text_of_a_large_gradient_is_a_summary(text: Callable[..., str], folder: Path) -> None:
    np.save("x.npy", np.linspace(0, 1, 100_001))
    lines = text("sum_of_squares", "--at", "x.npy").splitlines()
    assert lines[2] == "x       float64 (100001,)   0  1e-05  2e-05  …  min 0  max 1  norm 182.58"
    assert [line.split("  ")[1].strip() or line.split()[0] for line in lines[6:14]] == [
        "x", "[0]", "[1]", "[2]", "[3]", "…", "min", "max",
    ]  # fmt: skip
    assert "along 3 random directions" in lines[6]
    assert len(lines) < 25


def test_a_symmetric_block_of_a_hessian_is_shown_once(text: Callable[..., str]) -> None:
    printed = text("quadratic", "--at", "x=[1, 2]", "--at", "y=3", "--hessian")
    assert "  x, y  (2,)" in printed
    assert "  y, x  (2,)" not in printed


def test_the_text_fits_its_width(text: Callable[..., str]) -> None:
    printed = text("loss", "--at", "w=[1, 2, 3]", "--at", "b=0.5", "--hessian", "--wrt", "x", "--wrt", "w")
    assert max(map(len, printed.splitlines())) <= 100
    assert all(line == line.rstrip() for line in printed.splitlines())


def test_what_is_not_differentiated_is_said(text: Callable[..., str]) -> None:
    printed = text("network", "--at", '{"params": {"layers": [{"w": [[1, 2]]}], "x": [1, 2]}, "mode": "sin"}')
    (line,) = [line.split() for line in printed.splitlines() if line.startswith("mode")]
    assert line == ["mode", "str", "'sin'", "(not", "differentiated)"]


# A real model

THURBER = [1288.13968, 1491.079253, 583.238369, 75.416644291, 0.96629502864, 0.39797285797, 0.049727297349]


def test_the_thurber_model(bibun: Callable[..., Any], folder: Path) -> None:
    model = Path(__file__).resolve().parents[2] / "examples" / "nist" / "models.py"
    x = np.linspace(-3.0, 2.2, 37)
    (folder / "thurber.json").write_text(json.dumps({"b": THURBER, "x": x.tolist()}))
    result = bibun("diff", f"{model}:thurber", "--at", "thurber.json", "--jacobian", "--json")
    assert (result.code, result.stderr) == (0, "")
    found = by_name(json.loads(result.stdout))
    b = np.array(THURBER)
    above, below = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3, 1 + b[4] * x + b[5] * x**2 + b[6] * x**3
    powers = x[:, None] ** np.arange(1, 4)
    truth = np.hstack([1 / below[:, None], powers / below[:, None], -(above / below**2)[:, None] * powers])
    np.testing.assert_allclose(found["b",]["exact"], truth, rtol=1e-12)
    slope = (b[1] + 2 * b[2] * x + 3 * b[3] * x**2) / below
    slope -= above * (b[4] + 2 * b[5] * x + 3 * b[6] * x**2) / below**2
    np.testing.assert_allclose(found["x",]["exact"], np.diag(slope), rtol=1e-11, atol=1e-12)
    assert found["b",]["digits"] > 9
    assert found["x",]["digits"] > 9
