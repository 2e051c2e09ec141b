"""Reads the files of the NIST Statistical Reference Datasets for nonlinear regression.

Owns the file format and nothing else: models.py has the formulas, fit.py the fitting.
Source of the files: https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml (public domain).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DATA_DIRECTORY = Path(__file__).parent / "data"

_LINE_RANGE = re.compile(r"^\s+(Starting Values|Data)\s+\(lines\s+(\d+)\s+to\s+(\d+)\s*\)", re.MULTILINE)
_LEVEL = re.compile(r"^\s+(Lower|Average|Higher) Level of Difficulty", re.MULTILINE)
_RESPONSE = re.compile(r"^.*\d Response(?: Variable)?\s+\((.*)\)", re.MULTILINE)
_PREDICTORS = re.compile(r"^\s+\d Predictors?(?: Variable)?\s+\((.*)\)", re.MULTILINE)
_LOG_RESPONSE = re.compile(r"^\s+log\[y\]\s*=", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One problem: n observations, p parameters, and what NIST certifies about the fit."""

    name: str
    level: str
    """Lower, Average or Higher level of difficulty, as NIST grades it."""
    predictors: tuple[np.ndarray, ...]
    """One array of shape (n,) for each predictor."""
    predictor_names: tuple[str, ...]
    """What each predictor is, as the header says it, or its letter."""
    response: np.ndarray
    """Shape (n,): what the model predicts, so log(y) where the model is one of log(y)."""
    response_name: str
    starts: tuple[np.ndarray, np.ndarray]
    """Two starting points of shape (p,): the first far from the solution, the second near."""
    parameters: np.ndarray
    """Certified, shape (p,), to 11 digits."""
    standard_deviations: np.ndarray
    """Certified, shape (p,), to 11 digits."""
    residual_sum_of_squares: float
    residual_standard_deviation: float
    degrees_of_freedom: int
    """As the file states it: 9 for Rat43, whose certified residual standard deviation has 15 - 4 = 11."""
    observations: int
    """As the header states it; the parser has checked that the data have as many rows."""


def names() -> list[str]:
    """The names of all problems, in alphabetical order."""
    return sorted(path.stem for path in DATA_DIRECTORY.glob("*.dat"))


def load(name: str) -> Dataset:
    """Read the problem `name`. KeyError if there is no such file."""
    if name not in names():
        raise KeyError(f"no NIST problem is called {name!r}; the names are {', '.join(names())}")
    return parse((DATA_DIRECTORY / f"{name}.dat").read_text(encoding="ascii"))


def parse(text: str) -> Dataset:
    """Read the text of one file. ValueError names the part that is missing or does not fit together."""
    ranges = {title: _lines(text, int(first), int(last)) for title, first, last in _LINE_RANGE.findall(text)}
    missing = {"Starting Values", "Data"} - ranges.keys()
    if missing:
        raise ValueError(f"not a StRD file: its header gives no lines for {', '.join(sorted(missing))}")
    starts_and_fit = _numbers(line.split("=")[1] for line in ranges["Starting Values"])
    table = _numbers(ranges["Data"])
    observations = int(_value(text, "Number of Observations"))
    predictor_names = _names(_search(_PREDICTORS, text, "predictors"))
    columns = 1 + len(predictor_names)
    if table.shape != (observations, columns):
        raise ValueError(
            f"the header states {observations} observations of {columns} numbers, the data have {table.shape}"
        )
    (response_name,) = _names(_search(_RESPONSE, text, "response"))
    in_logarithm = _LOG_RESPONSE.search(text) is not None
    return Dataset(
        name=_search(re.compile(r"^Dataset Name:\s+(\S+)", re.MULTILINE), text, "dataset name"),
        level=_search(_LEVEL, text, "level of difficulty"),
        predictors=tuple(table[:, 1:].T.copy()),
        predictor_names=predictor_names,
        response=np.log(table[:, 0]) if in_logarithm else table[:, 0].copy(),
        response_name=f"log({response_name})" if in_logarithm else response_name,
        starts=(starts_and_fit[:, 0].copy(), starts_and_fit[:, 1].copy()),
        parameters=starts_and_fit[:, 2].copy(),
        standard_deviations=starts_and_fit[:, 3].copy(),
        residual_sum_of_squares=_value(text, "Residual Sum of Squares"),
        residual_standard_deviation=_value(text, "Residual Standard Deviation"),
        degrees_of_freedom=int(_value(text, "Degrees of Freedom")),
        observations=observations,
    )


def _lines(text: str, first: int, last: int) -> list[str]:
    """Lines `first` to `last` of the text, counted from 1, both included, as the header counts them."""
    return text.splitlines()[first - 1 : last]


def _names(description: str) -> tuple[str, ...]:
    """("time", "temperature") of "x1 = time; x2 = temperature", ("x",) of "x"."""
    return tuple(part.split("=")[-1].strip() for part in description.split(";"))


def _numbers(lines: Iterable[str]) -> np.ndarray:
    """One row of numbers a line."""
    return np.array([[float(word) for word in line.split()] for line in lines])


def _value(text: str, title: str) -> float:
    """The number on the line `title:` of the header."""
    return float(_search(re.compile(rf"^{title}:\s+(\S+)", re.MULTILINE), text, title.lower()))


def _search(pattern: re.Pattern[str], text: str, what: str) -> str:
    """The first group of the first match. ValueError if there is none."""
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"not a StRD file: it states no {what}")
    return match.group(1)
