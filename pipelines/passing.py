"""How records go from one process to another: the values of each in one piece.

Left to itself, `pickle` asks for every field of a frozen class with slots by its name, on both sides, and a
report is some hundred figures and checks. Whoever imports this sends them so; whoever receives them need not.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from crawler import items
from pipelines import records


def made(kind: type, *values: object) -> Any:  # noqa: ANN401 whatever the kind is
    """An instance with these values of its fields, in their order."""
    instance: Any = object.__new__(kind)
    for put, value in zip(_setters(kind), values, strict=True):
        put(instance, value)
    return instance


@cache
def _setters(kind: type) -> tuple[Callable[[Any, object], None], ...]:
    """What sets each field of a frozen class with slots."""
    return tuple(vars(kind)[field.name].__set__ for field in fields(kind))


def _pass_on(kind: type) -> None:
    names = [field.name for field in fields(kind)]
    values = attrgetter(*names)
    if len(names) == 1:
        copyreg.pickle(kind, lambda instance: (made, (kind, values(instance))))
    else:
        copyreg.pickle(kind, lambda instance: (made, (kind, *values(instance))))


for _kind in (*vars(items).values(), *vars(records).values()):
    if isinstance(_kind, type) and is_dataclass(_kind) and "__slots__" in vars(_kind):
        _pass_on(_kind)
