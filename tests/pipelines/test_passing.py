"""Records come out of another process as they went in, each of their classes."""

from __future__ import annotations

import copyreg
import pickle
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from crawler import items
from pipelines import passing, records
from pipelines.extract import read_file
from pipelines.readied import _PAGE

KINDS = [
    kind
    for kind in (*vars(items).values(), *vars(records).values())
    if isinstance(kind, type) and is_dataclass(kind)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_is_passed_on_with_all_its_values(kind: type) -> None:
    made = passing.made(kind, *range(len(fields(kind))))
    assert kind in copyreg.dispatch_table
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is kind
    assert [getattr(again, field.name) for field in fields(kind)] == list(range(len(fields(kind))))
    with pytest.raises(FrozenInstanceError):
        setattr(again, fields(kind)[0].name, None)


def test_a_reading_comes_as_it_went() -> None:
    readings = read_file(_PAGE.encode())
    assert pickle.loads(pickle.dumps(readings)) == readings
    assert readings[0].report is not None
    assert readings[0].report.figures
    assert (readings[0].report.year, readings[0].report.agency.name) == (2022, "北京市人民政府")  # type: ignore[union-attr]
