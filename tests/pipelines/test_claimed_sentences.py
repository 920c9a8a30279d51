"""Sentences with what they claim (`sentences.txt`): no claim that is wrong, and hardly one that is missed.

A wrong claim accuses a body of contradicting its own table, so most of the sentences are traps: other
years, parts of the year, other bodies, other things, rounded numbers, changes, rules of law.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines.claims import told
from pipelines.records import Section

YEAR = 2021


class Sentence(NamedTuple):
    line: int
    body: str
    text: str
    claims: frozenset[tuple[str, float]]
    possible: frozenset[tuple[str, float]]


def sentences() -> list[Sentence]:
    lines = (Path(__file__).parent / "sentences.txt").read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        stated, _, text = line.partition("|")
        claims: dict[bool, set[tuple[str, float]]] = {True: set(), False: set()}
        for item in stated.split():
            about, _, value = item.removeprefix("~").partition("=")
            claims[item.startswith("~")].add((about, float(value)))
        body, colon, rest = text.strip().partition(": ")
        body, text = (body, rest) if colon else ("", text.strip())
        sentence = Sentence(
            number, body, text.replace("\\n", "\n"), frozenset(claims[False]), frozenset(claims[True])
        )
        found.append(sentence)
    return found


SENTENCES = sentences()


def claimed(sentence: Sentence) -> set[tuple[str, float]]:
    chapter = Section(number=1, heading="一、总体情况", text=sentence.text)
    found = told([chapter], YEAR, (sentence.body,) if sentence.body else ())
    return {(claim.about, float(claim.value)) for claim in found.claims}


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: f"line {sentence.line}")
def test_what_a_sentence_claims(sentence):
    found = claimed(sentence)
    assert found - sentence.possible == sentence.claims


def test_the_sentences_are_many_and_most_of_them_traps():
    assert len(SENTENCES) > 400
    assert sum(not sentence.claims for sentence in SENTENCES) > len(SENTENCES) / 2
    assert sum(bool(sentence.possible) for sentence in SENTENCES) < 10
    assert {about for sentence in SENTENCES for about, _ in sentence.claims} == {
        "received_new",
        "carried_in",
        "carried_out",
        "reconsideration",
        "litigation",
        "information_fee_yuan",
        "prose_disclosed_items",
    }
