"""Levels of code, one in the other, and the values known at each.

A level is the body of a loop, or of the function itself (level 0). What does not depend on a loop is written into the
level around it, before the loop, however deep it is asked for; so nothing has to be moved out of loops later.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from bibun.compiler.native.code import Code, Declares, Value

BLOCK = 400  # lines of a block, about, after which another one begins,
TURN = 1600  # where it is in a loop: what LLVM plans together runs quicker, by up to 10 %


class Level:
    """One body. `loop`: the loop's variable (level 0 has none); `block`: the line where the block that is written began.

    repeated    whether it is the body of a loop of the code, not one turn that is written by itself
    """

    __slots__ = ("block", "keys", "label", "lines", "loop", "repeated")

    def __init__(self, loop: Value | None, label: str) -> None:
        self.lines: list[str] = []
        self.block = 0
        self.repeated = False
        self.keys: list[Hashable] = []
        self.loop = loop
        self.label = label


class Levels:
    """A function while it is written. `known`: values by what they are, and the level of each."""

    def __init__(self, module: Declares) -> None:
        self.module = module
        self.code = Code(module)
        self.levels = [Level(None, "entry")]
        self.known: dict[Hashable, tuple[Value, int]] = {}
        self._labels = 0
        self.ground = 0  # the level in which nests stand; above 0 in the body of a loop over nests

    @property
    def depth(self) -> int:
        """Of the innermost level."""
        return len(self.levels) - 1

    def at(self, depth: int) -> Code:
        """The code, appending to this level."""
        self.code.lines = self.levels[depth].lines
        return self.code

    def label(self, word: str) -> str:
        """A new one."""
        self._labels += 1
        return f"{word}{self._labels}"

    def push(self, loop: Value | None, label: str) -> Level:
        """Begin a level."""
        level = Level(loop, label)
        self.levels.append(level)
        return level

    def pop(self) -> list[str]:
        """End the innermost level: its lines."""
        level = self.levels.pop()
        for key in level.keys:
            self.known.pop(key, None)
        return level.lines

    def interrupt(self) -> None:
        """Begin another block at the innermost level, where the one that is written has become long.

        LLVM's time grows with the square of a block's loads and stores: 3,500 lines took 11 s as one block, 0.1 s in eight. It
        joins blocks of which it knows that they follow; that the frame is somewhere it does not know.
        """
        level = self.levels[-1]
        inside = any(around.repeated for around in self.levels[self.ground + 1 :])
        if len(level.lines) - level.block < (TURN if inside else BLOCK):
            return
        label = self.label("block")
        level.lines += [
            f"  %{label}.is = icmp ne ptr %frame, null",
            f"  br i1 %{label}.is, label %{label}, label %{label}.not",
            f"{label}.not:",
            "  unreachable",
            f"{label}:",
        ]
        level.label, level.block = label, len(level.lines)

    def repeat(
        self,
        word: str,
        turns: tuple[Value | int, Value | int, int],
        carried: Sequence[Value],
        write: Callable[[Value, list[Value]], Sequence[Value]],
    ) -> list[Value]:
        """A loop that runs at least once, its body a level. Returns the carried values behind it.

        turns       first value of the variable, end, step
        write       (variable, carried values of this turn) -> those of the next
        """
        start, stop, step = (n.text if isinstance(n, Value) else str(n) for n in turns)
        label, came, outer = self.label(word), self.levels[-1].label, self.levels[-1]
        code = self.at(self.depth)
        variable = code.parameter(f"{label}.i", "i64")
        now = [code.parameter(f"{label}.c{n}", v.kind, v.lanes) for n, v in enumerate(carried)]
        self.push(variable, label).repeated = True
        following = list(write(variable, now))
        last = self.levels[-1].label
        body = self.pop()
        lines = outer.lines
        lines += [
            f"  br label %{label}",
            f"{label}:",
            f"  {variable.text} = phi i64 [{start}, %{came}], [%{label}.n, %{last}]",
        ]
        lines += [
            f"  {here.text} = phi {here.type} [{first.text}, %{came}], [{after.text}, %{last}]"
            for here, first, after in zip(now, carried, following, strict=True)
        ]
        lines += body
        lines += [
            f"  %{label}.n = add nuw nsw i64 {variable.text}, {step}",
            f"  %{label}.more = icmp slt i64 %{label}.n, {stop}",
            f"  br i1 %{label}.more, label %{label}, label %{label}.end",
            f"{label}.end:",
        ]
        outer.label, outer.block = f"{label}.end", len(lines)
        return following

    def keep(self, key: Hashable, value: Value, depth: int, until: int = 0) -> Value:
        """Remember a value of a level, as long as that level, or level `until` if it ends sooner, goes on."""
        self.known[key] = (value, depth)
        self.levels[max(depth, until)].keys.append(key)
        return value
