"""What a program's text refers to: names that are taken, arrays from outside, modules, helpers."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.primitives import TABLE

_IMPORTS = {
    "Place": "from bibun.primitives.indexing import Place",
    "special": "from scipy import special",
    "BIBUN": "from bibun.primitives import TABLE as BIBUN",
}
_HELPERS = {
    "guarded_times": '''\
def guarded_times(a, b):
    """a b, but 0 where a is 0, even if b is infinite or nan there."""
    return np.where(a == 0, 0, a * b)[()]
'''
}
_TURNS = ("t", "i", "j", "k")


def identifier(text: str) -> str:
    """A name like this text."""
    name = re.sub(r"\W+", "_", text).strip("_") or "x"
    if keyword.iskeyword(name):
        return f"{name}_"
    return f"x{name}" if name[0].isdigit() else name


class Names:
    """Names of one program. `reach`: the expression by which a captured array is reached; None where it needs a name."""

    def __init__(
        self, taken: set[str], reach: Callable[[np.ndarray[Any, Any]], str | None] = lambda array: None
    ) -> None:
        self.taken = {"np", "range", *_IMPORTS, *_HELPERS, *taken}
        self.reach = reach
        self.arrays: dict[int, str] = {}
        self.captured: dict[str, np.ndarray[Any, Any]] = {}  # those that have no other name
        self.read: dict[int, np.ndarray[Any, Any]] = {}  # all captured arrays that the text names
        self.things: dict[str, Any] = {}  # what only this process knows
        self._imports: set[str] = set()
        self._helpers: dict[str, str] = {}
        self._turns: list[str] = []
        self._count = 0

    def value(self) -> str:
        """For a value: v1, v2, ..."""
        while True:
            self._count += 1
            if f"v{self._count}" not in self.taken:
                return self.fresh(f"v{self._count}")

    def stack(self) -> str:
        """For the values of all turns of a loop: s1, s2, ..."""
        return self.fresh(next(name for name in map("s{}".format, count(1)) if name not in self.taken))

    def fresh(self, wanted: str) -> str:
        """A name like this one, taken from now on."""
        wanted = identifier(wanted)
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name

    def turn(self, depth: int) -> str:
        """For the number of a turn of a loop in `depth` others."""
        while len(self._turns) <= depth:
            self._turns.append(self.fresh(next((name for name in _TURNS if name not in self.taken), "turn")))
        return self._turns[depth]

    def array(self, array: np.ndarray[Any, Any]) -> str:
        """How a captured array is reached."""
        self.read[id(array)] = array
        found = self.arrays.get(id(array)) or self.reach(array)
        if found is None:
            number = len(self.captured)
            while f"c{number}" in self.taken:
                number += 1
            found = self.fresh(f"c{number}")
            self.captured[found] = array
        self.arrays[id(array)] = found
        return found

    def thing(self, value: Any) -> str:
        """An object that has no text; such a program runs in this process only."""
        name = self.fresh("thing")
        self.things[name] = value
        return name

    def row(self, row: Primitive) -> str:
        """A function of bibun's that is not one of NumPy's."""
        if row.name in _HELPERS:
            self._helpers[row.name] = _HELPERS[row.name]
            return row.name
        if TABLE.get(row.name) is not row:
            return self.thing(row.function)
        self._imports.add("BIBUN")
        return f"BIBUN[{row.name!r}].function"

    def place(self, number: int) -> str:
        """Where an index array stands in a key that is an argument."""
        self._imports.add("Place")
        return f"Place({number})"

    def special(self, name: str) -> str:
        """A function of scipy.special."""
        self._imports.add("special")
        return f"special.{name}"

    def head(self) -> list[str]:
        """Imports and helpers, as lines."""
        lines = ["import numpy as np", *(_IMPORTS[name] for name in sorted(self._imports, reverse=True)), ""]
        for text in self._helpers.values():
            lines += ["", *text.split("\n")]
        return lines
