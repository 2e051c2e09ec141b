"""What `--at` and `--wrt` make of texts and files: the function's arguments, and which are leaves."""

from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bibun.cli.arguments import Point, read_point
from bibun.cli.failures import CommandError
from bibun.cli.loading import UserFunction


def user_function(f: Callable[..., Any]) -> UserFunction:
    parameters: tuple[Parameter, ...] = tuple(signature(f).parameters.values())
    return UserFunction(f, "f", Path("model.py").absolute(), 1, parameters)


def point(f: Callable[..., Any], *at: str, wrt: tuple[str, ...] = ()) -> Point:
    return read_point(user_function(f), at, wrt)


def of_x(x: Any) -> Any:
    return x


def of_two(w: Any, b: Any = 0.5) -> Any:
    return w, b


def leaves(found: Point) -> dict[str, Any]:
    return {leaf.name: leaf.value for leaf in found.leaves}


NUMBERS = {"2": 2.0, "-2": -2.0, "2.5e-3": 2.5e-3, ".5": 0.5, "1.": 1.0, "x=3": 3.0, " x = 3 ": 3.0}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_a_number_becomes_float64(text: str, value: float) -> None:
    found = leaves(point(of_x, text))["x"]
    assert isinstance(found, np.float64)
    assert found == value


def test_regular_lists_become_float64_arrays() -> None:
    found = leaves(point(of_x, "[[1, 2, 3], [4, 5, 6.5]]"))["x"]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[1, 2, 3], [4, 5, 6.5]])
    assert leaves(point(of_x, "[]"))["x"].shape == (0,)
    assert leaves(point(of_x, "[[], []]"))["x"].shape == (2, 0)


@pytest.mark.parametrize("text", ["[1., .5]", "(1.0, 0.5)", "[1, 5e-1,]"])
def test_lists_as_python_writes_them(text: str) -> None:
    np.testing.assert_array_equal(leaves(point(of_x, text))["x"], [1.0, 0.5])


def test_nested_containers_keep_their_structure() -> None:
    text = '{"x": {"layers": [{"w": [[1, 2]], "b": [0]}, {"w": [[3], [4]], "b": [[1, 2], [3]]}], "name": "net"}}'
    found = point(of_x, text)
    assert list(leaves(found)) == [
        "x['layers'][0]['w']",
        "x['layers'][0]['b']",
        "x['layers'][1]['w']",
        "x['layers'][1]['b'][0]",
        "x['layers'][1]['b'][1]",
    ]
    replaced = found.call(*"abcde")
    assert replaced == {
        "layers": [{"w": "a", "b": "b"}, {"w": "c", "b": ["d", "e"]}],
        "name": "net",
    }


def test_text_truth_and_null_pass_as_they_are() -> None:
    found = point(lambda x, mode, flags, nothing: None, "x=1", 'mode="fast"', "flags=[true, false]", "nothing=null")
    assert list(leaves(found)) == ["x"]
    assert found.values["mode"] == "fast"
    assert found.values["flags"] == [True, False]
    assert found.values["nothing"] is None


def test_a_marked_object_has_the_dtype_it_names() -> None:
    found = point(
        lambda x, n, z, labels: None,
        'x={"dtype": "float32", "value": [1, 2]}',
        'n={"dtype": "int64", "value": 3}',
        'z={"dtype": "complex128", "value": ["1+2j", "-1j"]}',
        'labels={"dtype": "int32", "shape": [2, 2], "value": [0, 1, 2, 3]}',
    )
    assert list(leaves(found)) == ["x", "z"]
    assert found.values["x"].dtype == np.float32
    assert isinstance(found.values["n"], np.int64)
    assert range(found.values["n"]) == range(3)
    np.testing.assert_array_equal(found.values["z"], [1 + 2j, -1j])
    np.testing.assert_array_equal(found.values["labels"], [[0, 1], [2, 3]])


def test_files(folder: Path) -> None:
    np.save("w.npy", np.arange(6, dtype=np.float32).reshape(2, 3))
    Path("b.json").write_text("[1, 2, 3]")
    Path("point.json").write_text('{"w": [1, 2], "b": 3}')
    assert leaves(point(of_two, "w=w.npy", "b=b.json"))["w"].dtype == np.float32
    assert leaves(point(of_two, "w.npy"))["w"].shape == (2, 3)
    np.testing.assert_array_equal(leaves(point(of_two, "w=w.npy", "b=b.json"))["b"], [1.0, 2.0, 3.0])
    assert leaves(point(of_two, "point.json"))["b"] == 3.0


def test_a_later_value_replaces_an_earlier_one(folder: Path) -> None:
    Path("point.json").write_text('{"w": [1, 2], "b": 3}')
    found = leaves(point(of_two, "point.json", "b=7"))
    assert found["b"] == 7.0
    np.testing.assert_array_equal(found["w"], [1.0, 2.0])


def test_a_default_is_left_alone_unless_wrt_names_it() -> None:
    assert list(leaves(point(of_two, "w=1"))) == ["w"]
    assert "b" not in point(of_two, "w=1").values
    assert leaves(point(of_two, "w=1", wrt=("w", "b"))) == {"w": 1.0, "b": 0.5}
    assert leaves(point(of_two, "w=1", "b=2", wrt=("b",))) == {"b": 2.0}


def test_integer_arrays_are_passed_and_not_differentiated(folder: Path) -> None:
    np.save("labels.npy", np.array([0, 1]))
    found = point(of_two, "w=[1, 2]", "b=labels.npy")
    assert list(leaves(found)) == ["w"]
    assert found.values["b"].dtype == np.int64


def test_positional_only_and_free_keywords() -> None:
    def f(a: Any, /, b: Any, **rest: Any) -> Any:
        return a, b, rest

    assert point(f, "b=2", "a=1", "c=3").call(10, 20, 30) == (20, 10, {"c": 30})


def test_containers_are_new_at_every_call() -> None:
    def f(x: dict[str, Any]) -> Any:
        return x.pop("w")

    found = point(f, '{"x": {"w": 1}}')
    assert (found.call(5.0), found.call(6.0)) == (5.0, 6.0)


ERRORS = {
    "text without quotes": (
        of_x,
        ("x=fast",),
        "--at x=fast: fast is neither a number, nor JSON such as [1, 2], nor a .json or .npy file. "
        "Text is written in double quotes inside single ones: --at 'x=\"fast\"'",
    ),
    "unclosed list": (
        of_x,
        ("x=[1, 2",),
        "--at x=[1, 2: [1, 2 is neither a number, nor JSON such as [1, 2], nor a .json or .npy file. "
        "Text is written in double quotes inside single ones: --at 'x=\"[1, 2\"'",
    ),
    "no such JSON file": (of_x, ("missing.json",), "no such file: missing.json"),
    "no such npy file": (of_x, ("x=missing.npy",), "no such file: missing.npy"),
    "whose number is it": (
        lambda w, b: None,
        ("2.0",),
        "--at 2.0 does not say which argument it is: f takes w, b. Write --at w=2.0",
    ),
    "not finite": (
        of_x,
        ("[[1, 2], [NaN, 3]]",),
        "x[1, 0] is nan: a function has no derivative there. Give finite numbers.",
    ),
    "infinite number": (of_x, ("inf",), "x is inf: a function has no derivative there. Give finite numbers."),
    "too large": (of_x, ("1" + "0" * 400,), f"--at 1{'0' * 400}: a number is too large for float64."),
    "marked with an unknown dtype": (
        of_x,
        ('x={"dtype": "real", "value": 1}',),
        """--at x={"dtype": "real", "value": 1}: not an array of dtype 'real': """
        "data type 'real' not understood",
    ),
    "marked integer with a fraction": (
        of_x,
        ('x={"dtype": "int64", "value": 2.5}',),
        '--at x={"dtype": "int64", "value": 2.5}: not an array of dtype \'int64\': 2.5 is not an integer',
    ),
}


@pytest.mark.parametrize(("f", "at", "message"), ERRORS.values(), ids=ERRORS)
def test_what_cannot_be_read(f: Any, at: tuple[str, ...], message: str, folder: Path) -> None:
    with pytest.raises(CommandError) as caught:
        point(f, *at)
    assert str(caught.value) == message


def test_a_broken_json_file_is_shown_at_its_line(folder: Path) -> None:
    Path("point.json").write_text('{\n  "w": [1, 2],\n  "b": 3,,\n}\n')
    with pytest.raises(CommandError) as caught:
        point(of_two, "point.json")
    assert str(caught.value) == (
        'point.json:3: "b": 3,,\nnot valid JSON: Expecting property name enclosed in double quotes'
    )


def test_npy_files_that_are_not_one_plain_array(folder: Path) -> None:
    np.savez("several.npz", a=np.ones(2))
    Path("several.npz").rename("several.npy")
    with pytest.raises(CommandError, match=r"several\.npy is an archive of several arrays\. Save one array"):
        point(of_x, "several.npy")
    np.save("objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CommandError, match=r"objects\.npy cannot be read as a \.npy file: Object arrays"):
        point(of_x, "objects.npy")
    Path("text.npy").write_text("1 2 3")
    with pytest.raises(CommandError, match=r"text\.npy cannot be read as a \.npy file"):
        point(of_x, "text.npy")
