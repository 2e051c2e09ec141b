"""Keeps `x**2 + y**2` of a docstring as it is: without this, Markdown reads bold text between the stars."""

import re

import griffe

ESCAPED = {"*": "\\*", "<": "&lt;"}
CODE_OR_SIGN = re.compile(r"(?m)(^    .*$|`[^`]*`)|([*<])")


class PlainFormulas(griffe.Extension):
    """Escape stars and angle brackets outside code in every docstring."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Called by griffe for each module, class, function and attribute that it has read."""
        if obj.docstring:
            obj.docstring.value = CODE_OR_SIGN.sub(lambda m: m[1] or ESCAPED[m[2]], obj.docstring.value)
