"""Functions as texts with a place where a value stands: what differs there alone is another function. Tests nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NUMBERS = ("2", "3", "2.0", "-2.0", "True", "1", "1.0", "0.0", "-0.0", "0", "float('nan')", "np.float32(2)", "2j")
HEAD = "import functools, math, operator, types\nimport numpy as np\nimport bibun as bb\n"

# What is known: each is recorded once.
KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "a number of the code": ("def f(x): return x * {}", ("2", "3", "2.0", "-2.0", "True", "1", "1.0", "0.0", "-0.0", "0", "2j")),
    "a default": ("def f(x, k={}): return x * k", NUMBERS),
    "a default by keyword": ("def f(x, *, k={}): return x * k", NUMBERS),
    "a global": ("k = {}\ndef f(x): return x * k", NUMBERS),
    "a closure": ("def make(k):\n return lambda x: x * k\nf = make({})", NUMBERS),
    "a function inside": ("def f(x):\n def g(y, k={}): return y * k\n return g(x)", NUMBERS),
    "a helper": ("def g(x): return x * {}\ndef f(x): return g(x)", NUMBERS[:4]),
    "two helpers down": ("def h(x): return x * {}\ndef g(x): return h(x) + 1\ndef f(x): return g(x)", NUMBERS[:4]),
    "a helper that calls itself": ("def f(x, n=3): return x * {} if n == 0 else f(x, n - 1)", NUMBERS[:4]),
    "a lambda": ("g = lambda x: x * {}\ndef f(x): return g(x)", NUMBERS[:4]),
    "a lambda in a closure": ("def make(g): return lambda x: g(x)\nf = make(lambda x: x * {})", NUMBERS[:4]),
    "a lambda in a list": ("steps = [lambda x: x, lambda x: x * {}]\ndef f(x): return sum(g(x) for g in steps)", NUMBERS[:3]),
    "a variable that a function inside changes": (
        "def f(x):\n n = 1\n def add():\n  nonlocal n\n  n += {}\n add()\n return x * n", NUMBERS[:4],
    ),
    "a comprehension": ("def f(x): return sum([x * k for k in ({}, 2.5)])", NUMBERS[:4]),
    "a decorated function": (
        "def twice(g):\n @functools.wraps(g)\n def call(x): return g(g(x))\n return call\n@twice\ndef f(x): return x * {}",
        NUMBERS[:4],
    ),
    "another decorator": (
        "def twice(g):\n @functools.wraps(g)\n def call(x): return g(g(x)) * {}\n return call\n@twice\ndef f(x): return x + 1",
        NUMBERS[:4],
    ),
    "partial, by position": ("def g(k, x): return x * k\nf = functools.partial(g, {})", NUMBERS),
    "partial, by keyword": ("def g(x, k, l=0): return x * k\nf = functools.partial(g, k={})", NUMBERS),
    "partial, another keyword": ("def g(x, k=2, l=3): return x * k - l\nf = functools.partial(g, {}=5)", ("k", "l")),
    "in a tuple": ("k = (1.0, ({},))\ndef f(x): return x * k[1][0]", NUMBERS),
    "in a list": ("k = [1.0, {}]\ndef f(x): return x * k[1]", NUMBERS),
    "in a dict": ("k = dict(a=1.0, b={})\ndef f(x): return x * k['b']", NUMBERS),
    "where a number of a dict ends": (
        "k = {}\ndef f(x): return sum(x * (3 * a + b) for a, b in k.items())", ("{1: 23}", "{12: 3}", "{1: 2}", "{12: 2}"),
    ),
    "the order of a dict": (
        "k = {}\ndef f(x):\n for v in k.values(): x = x * 2 + v\n return x",
        ("{'a': 1.0, 'b': 2.0}", "{'b': 2.0, 'a': 1.0}", "{'a': 2.0, 'b': 1.0}"),
    ),
    "which variable is shared": (
        "def make():\n c = 1.0\n def put(v):\n  nonlocal c\n  c = v\n def get(): return c\n return put, get\n"
        "one, get = make()\nother, _ = make()\nput = {}\n"
        "def f(x):\n put(2.0)\n y = x * get()\n put(1.0)\n return y",
        ("one", "other"),
    ),
    "which module of one name": (
        "a = types.ModuleType('m')\na.k = 2.0\nb = types.ModuleType('m')\nb.k = 3.0\nc = {}\ndef g(m, x): return m.k * x\n"
        "def f(x): return g(a, x) + 10 * g(b, x) + 100 * g(c, x)",
        ("a", "b"),
    ),
    "the name of a function in its text": (
        "def {0}(x): pass\ng = {0}\ndef f(x): return x * len(str(g).split()[1])", ("a", "bbb"),
    ),
    "a list or a tuple": ("k = {}\ndef f(x): return x * len(k + k[:1])", ("[1, 2]", "(1, 2)", "(1,)", "(1, 2, 3)", "'ab'")),
    "a text": ("k = {}\ndef f(x): return x * len(k)", ("'a'", "'ab'", "''", "b'abc'")),
    "of a module": ("config = types.ModuleType('config')\nconfig.rate = {}\ndef f(x): return x * config.rate", NUMBERS),
    "of a module in a module": (
        "a = types.ModuleType('a')\na.b = types.ModuleType('b')\na.b.rate = {}\ndef f(x): return x * a.b.rate", NUMBERS[:4],
    ),
    "of a module that is passed on": (
        "config = types.ModuleType('config')\nconfig.rate = {}\ndef make(m): return lambda x: x * m.rate\nf = make(config)",
        NUMBERS[:4],
    ),
    "of a module of which a local is one": (
        "config = types.ModuleType('config')\nconfig.rate = {}\ndef f(x):\n m = config\n return x * m.rate", NUMBERS[:4],
    ),
    "of the first of two modules": (
        "a = types.ModuleType('a')\na.rate = {}\nb = types.ModuleType('b')\nb.rate = 2.0\nfirst = True\n"
        "def f(x): return x * (a if first else b).rate",
        NUMBERS[:4],
    ),
    "of the second of two modules": (
        "a = types.ModuleType('a')\na.rate = 2.0\nb = types.ModuleType('b')\nb.rate = {}\nfirst = False\n"
        "def f(x): return x * (a if first else b).rate",
        NUMBERS[:4],
    ),
    "a function of a module that is passed on": (
        "m = types.ModuleType('m')\nm.g = lambda x: x * {}\ndef make(m): return lambda x: m.g(x)\nf = make(m)",
        NUMBERS[:4],
    ),
    "a module of a module that is passed on": (
        "a = types.ModuleType('a')\na.b = types.ModuleType('b')\na.b.rate = {}\n"
        "def f(x):\n def g(m): return x * m.b.rate\n return g(a)",
        NUMBERS[:4],
    ),
    "NumPy passed on": ("def make(lib): return lambda x: lib.{}(x)\nf = make(np)", ("sin", "cos", "exp", "negative")),
    "a function of NumPy's": ("from numpy import {} as g\ndef f(x): return g(x)", ("sin", "cos", "exp", "sum", "mean")),
    "a constant of NumPy's": ("from numpy import {} as k\ndef f(x): return x * k", ("pi", "e", "inf", "nan")),
    "a function of math": ("def f(x): return x * math.{}(2.0)", ("sin", "cos", "sqrt", "exp")),
    "a function of operator": ("from operator import {} as g\ndef f(x): return g(x, 2.0)", ("add", "sub", "mul", "truediv")),
    "an operator": ("def f(x): return x {} 2", ("+", "-", "*", "/", "**", "//", "%", "<", ">=", "==")),
    "a method": ("def f(x): return x.{}()", ("sum", "max", "min", "mean", "prod", "copy", "cumsum")),
    "a setting": ("def f(x): return np.sum(np.stack([x, x]), axis={})", ("0", "1", "None", "-1")),
    "a key": ("k = {}\ndef f(x): return x[k]", ("0", "1", "-1", "slice(0, 2)", "slice(1, 3)", "slice(None)", "...", "None")),
    "a range": ("k = {}\ndef f(x): return sum(x * i for i in k)", ("range(2)", "range(3)", "range(1, 3)", "range(0, 4, 2)")),
    "a dtype": ("k = {}\ndef f(x): return x.astype(k)", ("np.float32", "np.dtype('f4')", "float", "complex", "np.complex64")),
    "a name that is the function's own": ("def {0}(v): return v[0] * 3\ndef f(x): return sum(x) + 0", ("sum", "other")),
    "an argument of the same place": ("def f({}): return x - 2 * y", ("x, y=1.0", "y, x=1.0")),
    "an exponent": ("f = bb.grad(lambda x: np.sum(x ** {}))", ("2", "3", "4", "3.0")),
    "argnums": ("f = bb.grad(lambda x, y=1.5: np.sum(x * y * y), argnums={})", ("0", "(0,)", "[0]")),
    "axes of vmap": ("g = bb.vmap(lambda x, k: x * k, in_axes={})\ndef f(x): return g(x, x)", ("(0, None)", "(None, 0)", "0")),
    "a transform": ("f = bb.{}(lambda x: np.sum(x ** 3))", ("grad", "value_and_grad", "jacobian", "hessian", "jacrev", "jacfwd")),
    "a transform inside": ("g = bb.{}\ndef f(x): return g(lambda y: np.sum(y ** 3))(x)", ("grad", "jacobian", "hessian")),
    "a branch that is not taken": ("k = {}\ndef f(x): return x if k else x * 2", ("True", "False", "0", "1", "None", "()")),
    "how an array is printed": ("def f(x): return x * len(str(np.ones(3) / {}))", ("1", "3")),
    "an array that the run makes": ("def f(x): return x * np.linspace(0.0, {}, 5)", ("1.0", "2.0", "3.0")),
}  # fmt: skip

# What can change unseen, or is not looked into: recorded each time.
UNKNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "an array": ("k = np.array({})\ndef f(x): return x * k", NUMBERS[:4]),
    "an array that is only counted with": ("k = np.array({})\ndef f(x): return x * float(k)", NUMBERS[:3]),
    "an array in a list": ("k = [np.array({})]\ndef f(x): return x * k[0]", NUMBERS[:3]),
    "a class": ("class C: k = {}\ndef f(x): return x * C.k", NUMBERS[:3]),
    "an instance": ("class C: pass\nc = C()\nc.k = {}\ndef f(x): return x * c.k", NUMBERS[:3]),
    "an instance that is called": ("class C:\n def __call__(self, x): return x * self.k\nf = C()\nf.k = {}", NUMBERS[:3]),
    "a method of an instance": ("class C:\n def g(self, x): return x * self.k\nc = C()\nc.k = {}\nf = c.g", NUMBERS[:3]),
    "a number of a class of its own": ("class K(float): pass\nk = K({})\ndef f(x): return x * float(k)", NUMBERS[:3]),
    "a property of a class": ("class M(types.ModuleType):\n k = {}\nm = M('m')\ndef f(x): return x * m.k", NUMBERS[:3]),
    "a module that finds names": (
        "m = types.ModuleType('m')\nm.__getattr__ = lambda name: {}\ndef f(x): return x * m.rate", NUMBERS[:3],
    ),
    "an attribute of a function": ("def g(x): return x * g.k\ng.k = {}\ndef f(x): return g(x)", NUMBERS[:3]),
    "an attribute of a function, passed on": (
        "def g(x): pass\ng.k = {}\ndef make(h): return lambda x: x * h.k\nf = make(g)", NUMBERS[:3],
    ),
    "an attribute of a function that is a method of others": (
        "def g(x): pass\ng.T = {}\ndef make(h): return lambda x: x * h.T\nf = make(g)", NUMBERS[:3],
    ),
    "the name of a function": (
        "def {}(x): pass\ndef make(m, g): return lambda x: m.sin(x) * len(g.__name__)\nf = make(np, {})", ("g", "gg"),
    ),
    "getattr": ("m = types.ModuleType('m')\nm.k = {}\ndef f(x): return x * getattr(m, 'k')", NUMBERS[:3]),
    "vars": ("m = types.ModuleType('m')\nm.k = {}\ndef f(x): return x * vars(m)['k']", NUMBERS[:3]),
    "the dict of a module": ("m = types.ModuleType('m')\nm.k = {}\ndef f(x): return x * m.__dict__['k']", NUMBERS[:3]),
    "operator.attrgetter": ("m = types.ModuleType('m')\nm.k = {}\ndef f(x): return x * operator.attrgetter('k')(m)", NUMBERS[:3]),
    "globals": ("k = {}\ndef f(x): return x * globals()['k']", NUMBERS[:3]),
    "the globals of a function": ("k = {}\ndef g(x): pass\ndef f(x): return x * g.__globals__['k']", NUMBERS[:3]),
    "eval": ("k = {}\ndef f(x): return x * eval('k')", NUMBERS[:3]),
    "a format that reads": (
        "m = types.ModuleType('m')\nm.k = {}\ndef f(x): return x * float('{{0.k}}'.format(m))", NUMBERS[:3],
    ),
    "an import": ("def f(x):\n from math import {} as k\n return x * k", ("pi", "e")),
    "a class inside": ("def f(x):\n class C: k = {}\n return x * C.k", NUMBERS[:3]),
    "today": ("def f(x): return x * (np.datetime64('{}') - np.datetime64('2020-01-01')).astype(float)", ("today",)),
    "today in an array": ("def f(x): return x * np.array('{}', 'M8[D]').astype(float)", ("today",)),
    "what else a dtype says": ("k = np.dtype('f8', metadata=dict(s={}))\ndef f(x): return x * k.metadata['s']", NUMBERS[:3]),
    "one object or another": ("a = (1, 2.0)\nb = {}\ndef f(x): return x if a is b else x * 2", ("a", "(1, float(2))")),
    "nan that is looked for": (
        "k = float('nan')\nl = [{}]\ndef f(x): return x * (2 if k in l else 3)", ("k", "float('nan')"),
    ),
    "nan in what is compared": (
        "k = (float('nan'),)\nl = {}\ndef f(x): return x * (2 if k == l else 3)", ("k", "(float('nan'),)"),
    ),
    "a number of thousands of digits": ("k = 10 ** {}\ndef f(x): return x * (k % 7)", ("5000", "5001")),
    "a text of millions of letters": ("k = 'a' * {}\ndef f(x): return x * len(k)", ("3000000",)),
    "an object that cannot be looked at": (
        "class C:\n __class__ = property(lambda self: 1 / 0)\nk = C()\ndef f(x): return x * {} if len(x) else k", NUMBERS[:3],
    ),
    "a set": ("k = {{{}}}\ndef f(x): return x * sum(k)", NUMBERS[:3]),
    "a set of texts": ("def f(x):\n for k in {{'a', 'bb', '{}'}}: x = x * len(k)\n return x", ("ccc", "cccc")),
    "an iterator": ("k = iter([{}] * 9)\ndef f(x): return x * next(k)", NUMBERS[:3]),
    "a cache": ("@functools.lru_cache\ndef g(): return {}\ndef f(x): return x * g()", NUMBERS[:3]),
    "a compiled helper": ("@bb.compile\ndef g(x): return x * {}\ndef f(x): return g(x)", ("2.0", "3.0")),
    "a rule of one's own": (
        "@bb.custom_jvp\ndef g(x): return x * {0}\ng.defjvp(lambda x, t: (x * {0}, t * {0}))\ndef f(x): return g(x)",
        ("2.0", "3.0"),
    ),
}  # fmt: skip


def function(text: str, value: str) -> Callable[..., Any]:
    """f of the text with this value in its place."""
    space: dict[str, Any] = {"__name__": "written"}
    text = text.replace("{}", value).replace("{0}", value).replace("{{", "{").replace("}}", "}")
    exec(HEAD + text, space)
    return space["f"]  # type: ignore[no-any-return]


# Functions f that change something, and what they have changed by now.
COUNTERS = {
    "a list": "n = [0]\ndef f(x):\n n[0] += 1\n return x * n[0]\ndef now(): return n[0]",
    "a list that grows": "n = []\ndef f(x):\n n.append(1)\n return x * len(n)\ndef now(): return len(n)",
    "a dict": "n = dict(k=0)\ndef f(x):\n n['k'] += 1\n return x * n['k']\ndef now(): return n['k']",
    "a default": "def f(x, n=[0]):\n n[0] += 1\n return x * n[0]\ndef now(): return f.__defaults__[0][0]",
    "a global": "n = 0\ndef f(x):\n global n\n n += 1\n return x * n\ndef now(): return n",
    "a closure": "def make():\n n = 0\n def f(x):\n  nonlocal n\n  n += 1\n  return x * n\n return f, lambda: n\nf, now = make()",
    "a function's attribute": "def f(x):\n f.n += 1\n return x * f.n\nf.n = 0\ndef now(): return f.n",
    "an array": "import numpy as np\nn = np.zeros(1)\ndef f(x):\n n[0] += 1\n return x * n[0]\ndef now(): return n[0]",
    "what a helper keeps": (
        "n = dict()\ndef g():\n n.setdefault('k', []).append(1)\n return len(n['k'])\ndef f(x): return x * g()\n"
        "def now(): return len(n.get('k', ()))"
    ),
}  # fmt: skip
