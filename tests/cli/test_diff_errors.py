"""Bad input: one message on stderr with the user's own line, exit code 2, no traceback. Texts are pinned."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODEL = """
import math

import numpy as np


def loss(w, b, rate=0.1):
    return np.sum(w * w) * rate + b


def quotient(x):
    total = x - x
    return 1 / int(total)


def logarithm(x):
    y = x - 2
    return np.log(y)


def checked(x):
    if x > 1:
        raise ValueError("x must be at most 1")
    return x


def product(a, b):
    return np.sum(a @ b)


def double(x):
    return 2 * x


def count(x):
    return np.sum(x > 0)


def nothing(x):
    np.sum(x)


def pair(x):
    return x, x


def sine(x):
    return math.sin(x)


def leaves(x):
    raise SystemExit("enough")


class Model:
    def __call__(self, x):
        return x


rate = 0.5
"""

CASES = {
    "no function given": (
        ("model.py",),
        "model.py names no function. Write FILE:FUNCTION, for example model.py:loss",
    ),
    "empty function": (
        ("model.py:",),
        "model.py: names no function. Write FILE:FUNCTION, for example model.py:loss",
    ),
    "no such file": (("modle.py:loss",), "no such file: modle.py. Did you mean model.py?"),
    "no such folder": (("models/x.py:loss",), "no such file: models/x.py (there is no folder models either)"),
    "a folder": (("here:loss",), "here is a folder. Write the .py file that holds loss."),
    "not Python": (("point.json:loss",), "point.json is not a Python file (.py)."),
    "no such function, close": (("model.py:los",), "no function los in model.py. Did you mean loss?"),
    "no such function": (
        ("model.py:zzz",),
        "no function zzz in model.py. The file defines: loss, quotient, logarithm, checked, product, double, "
        "count, nothing, pair, sine, leaves.",
    ),
    "not a function": (
        ("model.py:rate",),
        "rate in model.py is not a function: it is a value of type float.",
    ),
    "a class": (
        ("model.py:Model",),
        "Model in model.py is a class. Write a function that calls it.",
    ),
    "missing arguments": (
        ("model.py:loss", "--at", "rate=1"),
        "model.py:6: def loss(w, b, rate=0.1):\n"
        "  2 arguments are missing: w, b. Write --at w=... --at b=..., "
        "a number, JSON such as [1, 2], or a .json or .npy file.",
    ),
    "unknown argument": (
        ("model.py:loss", "--at", "w=1", "--at", "c=2"),
        "model.py:6: def loss(w, b, rate=0.1):\n  loss has no argument c; it takes w, b, rate (has a default).",
    ),
    "object for one argument": (
        ("model.py:double", "--at", '{"w": 1, "b": 2}'),
        "model.py:30: def double(x):\n"
        "  double has no argument w, b; it takes x. If the whole object is x, write --at x=FILE.json",
    ),
    "unknown in --wrt": (
        ("model.py:loss", "--at", "w=1", "--at", "b=2", "--wrt", "c"),
        "model.py:6: def loss(w, b, rate=0.1):\n  --wrt c: loss takes w, b, rate (has a default).",
    ),
    "integer input": (
        ("model.py:double", "--at", "x=integers.npy"),
        "model.py:30: def double(x):\n"
        "  x is of type int64, and a derivative by integers does not exist. Give it as floating numbers: "
        "in Python x.astype(float), in JSON simply the numbers.",
    ),
    "text input": (
        ("model.py:double", "--at", 'x="two"'),
        "model.py:30: def double(x):\n  x is 'two', which holds no floating number to differentiate.",
    ),
    "wrong shape": (
        ("model.py:product", "--at", "a=[1, 2, 3]", "--at", "b=[1, 2]"),
        "model.py:27: return np.sum(a @ b)\n"
        "  ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, "
        "with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 2 is different from 3)\n"
        "  called with a float64 (3,), b float64 (2,)",
    ),
    "exception": (
        ("model.py:checked", "--at", "3"),
        'model.py:22: raise ValueError("x must be at most 1")\n'
        "  ValueError: x must be at most 1\n"
        "  called with x = 3.0",
    ),
    "division by zero": (
        ("model.py:quotient", "--at", "3"),
        "model.py:12: return 1 / int(total)\n  ZeroDivisionError: division by zero\n  called with x = 3.0",
    ),
    "sys.exit": (
        ("model.py:leaves", "--at", "3"),
        'model.py:51: raise SystemExit("enough")\n  SystemExit: enough\n  called with x = 3.0',
    ),
    "not finite": (
        ("model.py:logarithm", "--at", "1"),
        "model.py:17: return np.log(y)\n"
        "  logarithm returned nan: invalid value encountered in log. "
        "There is no derivative at this point: give another one.\n"
        "  called with x = 1.0",
    ),
    "not finite in an array": (
        ("model.py:logarithm", "--at", "[1, 1.5, 3]"),
        "model.py:17: return np.log(y)\n"
        "  logarithm returned nan in 2 of 3 entries: invalid value encountered in log. "
        "There is no derivative at this point: give another one.\n"
        "  called with x float64 (3,)",
    ),
    "nan given": (
        ("model.py:double", "--at", "x=nan"),
        "x is nan: a function has no derivative there. Give finite numbers.",
    ),
    "integer output": (
        ("model.py:count", "--at", "[1, -1]"),
        "model.py:34: def count(x):\n"
        "  count returned int64 number of value 1: only floating numbers have a derivative.",
    ),
    "no output": (
        ("model.py:nothing", "--at", "1"),
        "model.py:38: def nothing(x):\n  nothing returned None: is a `return` missing?",
    ),
    "several outputs": (
        ("model.py:pair", "--at", "1"),
        "model.py:42: def pair(x):\n"
        "  pair returned a tuple; bibun diff needs one number or one array "
        "(np.stack([a, b]) joins arrays of one shape).",
    ),
    "--order of an array": (
        ("model.py:double", "--at", "[1, 2]", "--order", "2"),
        "model.py:30: def double(x):\n"
        "  --order needs a function that returns one number; double returned shape (2,). "
        "Reduce it, with np.sum for example, or ask for --jacobian.",
    ),
    "--order by an array": (
        ("model.py:loss", "--at", "w=[1, 2]", "--at", "b=1", "--order", "2"),
        "model.py:6: def loss(w, b, rate=0.1):\n"
        "  --order needs one number to differentiate by; here it is w (2,), b (). "
        "Choose a number with --wrt NAME, or ask for --hessian.",
    ),
    "--hessian of an array": (
        ("model.py:double", "--at", "[1, 2]", "--hessian"),
        "model.py:30: def double(x):\n"
        "  --hessian needs a function that returns one number; double returned shape (2,). "
        "Reduce it, with np.sum for example, or ask for --jacobian.",
    ),
    "two questions": (
        ("model.py:double", "--at", "1", "--hessian", "--jacobian"),
        "--jacobian, --hessian and --order exclude each other: give one.",
    ),
    "array output, large": (
        ("model.py:double", "--at", "many.npy"),
        "model.py:30: def double(x):\n"
        "  double returned shape (101,), not one number, and its Jacobian has 10,201 entries. "
        "Write --jacobian to compute it all the same, or return one number, np.sum(...) for example.",
    ),
    "too large at all": (
        ("model.py:double", "--at", "huge.npy", "--jacobian"),
        "the Jacobian by x would have shape (5000, 5000): 25,000,000 numbers, 0.2 GB. "
        "Use bibun.vjp or bibun.jvp in a program of your own, or choose other arguments with --wrt.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), CASES.values(), ids=CASES)
def test_message(
    arguments: tuple[str, ...],
    message: str,
    folder: Path,
    write: Callable[..., Path],
    bibun: Callable[..., Any],
) -> None:
    write(MODEL)
    (folder / "point.json").write_text("{}")
    (folder / "here").mkdir()
    np.save("integers.npy", np.array([1, 2]))
    np.save("many.npy", np.linspace(0, 1, 101))
    np.save("huge.npy", np.linspace(0, 1, 5000))
    result = bibun("diff", *arguments)
    assert result.stderr == f"error: {message}\n"
    assert result.stdout == ""
    assert result.code == 2


IMPORTS = {
    "syntax": (
        "x = 1\ndef f(x:\n    return x\n",
        "model.py:2: def f(x:\n  SyntaxError: '(' was never closed",
    ),
    "missing module": (
        "import numpy as np\nimport no_such_module_here\n",
        "model.py:2: import no_such_module_here\n  ModuleNotFoundError: No module named 'no_such_module_here'",
    ),
    "missing name": (
        "from math import nothing\n",
        "model.py:1: from math import nothing\n  ImportError: cannot import name 'nothing' from 'math'",
    ),
    "exception": (
        "values = []\nlast = values[0]\n",
        "model.py:2: last = values[0]\n  IndexError: list index out of range",
    ),
}


@pytest.mark.parametrize(("text", "message"), IMPORTS.values(), ids=IMPORTS)
def test_a_file_that_cannot_be_imported(
    text: str, message: str, write: Callable[..., Path], bibun: Callable[..., Any]
) -> None:
    write(text)
    result = bibun("diff", "model.py:f", "--at", "1")
    assert result.code == 2
    assert result.stderr.startswith(f"error: {message}")
    assert "Traceback" not in result.stderr


def test_an_error_in_a_sibling_names_the_sibling(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write("from helper import halve\n\n\ndef f(x):\n    return halve(x)\n")
    write("def halve(x):\n    raise RuntimeError('not today')\n", "helper.py")
    result = bibun("diff", "model.py:f", "--at", "1")
    assert result.stderr == (
        "error: helper.py:2: raise RuntimeError('not today')\n  RuntimeError: not today\n  called with x = 1.0\n"
    )


def test_an_error_inside_a_library_names_the_users_line(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write("import json\n\n\ndef f(x):\n    return json.loads('{')\n")
    result = bibun("diff", "model.py:f", "--at", "1")
    assert result.stderr.startswith("error: model.py:5: return json.loads('{')\n  json.decoder.JSONDecodeError")


def test_a_lost_derivative_is_explained_as_bibun_explains_it(
    write: Callable[..., Path], bibun: Callable[..., Any]
) -> None:
    write(MODEL)
    result = bibun("diff", "model.py:sine", "--at", "1")
    assert result.code == 2
    assert "model.py:47" in result.stderr
    assert "np.sin" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_exception_only_in_the_derivative_says_so(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write(
        """
        import numpy as np


        def f(x):
            if not isinstance(x, float):
                raise TypeError("only floats")
            return x * x
        """
    )
    result = bibun("diff", "model.py:f", "--at", "1")
    assert result.code == 2
    assert result.stderr == (
        'error: model.py:6: raise TypeError("only floats")\n'
        "  TypeError: only floats\n"
        "  in the gradient; the plain call works\n"
    )


def test_a_function_that_does_not_depend_on_its_arguments(
    write: Callable[..., Path], bibun: Callable[..., Any]
) -> None:
    write("def f(x, y):\n    return 3.0\n")
    result = bibun("diff", "model.py:f", "--at", "x=1", "--at", "y=2")
    assert result.code == 2
    assert result.stderr.startswith("error: model.py:1: def f(x, y):\n")
    assert "does not depend on x, y," in result.stderr
    assert "argument 0" not in result.stderr


def test_an_error_of_a_transform_that_the_user_calls_names_the_users_line(
    write: Callable[..., Path], bibun: Callable[..., Any]
) -> None:
    write("import bibun as bb\n\n\ndef f(x):\n    return bb.grad(lambda y: y * y)(x)\n")
    result = bibun("diff", "model.py:f", "--at", "[1, 2]")
    assert result.code == 2
    assert result.stderr.startswith(
        "error: model.py:5: return bb.grad(lambda y: y * y)(x)\n  grad: the function returned shape (2,)"
    )


def test_a_number_that_must_be_an_integer(write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write("def f(x, n):\n    for _ in range(n):\n        x = x * x\n    return x\n")
    result = bibun("diff", "model.py:f", "--at", "x=0.5", "--at", "n=3")
    assert result.code == 2
    assert result.stderr == (
        "error: model.py:2: for _ in range(n):\n"
        "  TypeError: 'numpy.float64' object cannot be interpreted as an integer\n"
        "  called with x = 0.5, n = 3.0\n"
        """  numbers given with --at are floats; an integer is --at 'n={"dtype": "int64", "value": 3}'\n"""
    )
    result = bibun("diff", "model.py:f", "--at", "x=0.5", "--at", 'n={"dtype": "int64", "value": 3}')
    assert result.code == 0
