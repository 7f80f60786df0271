"""The page on scaling contains the figures that its formulas give."""

from pathlib import Path

import pytest

from benchmarks import scaling_examples

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"


@pytest.mark.parametrize("name", ["memory", "presets", "sweep", "hosts"])
def test_table_of_the_page_is_computed(name):
    lines = PAGE.read_text("utf-8").splitlines()
    rows = getattr(scaling_examples, name)()
    first = lines.index(rows[0])
    assert lines[first : first + len(rows)] == rows


def test_transfer_times_of_the_page_are_computed():
    assert scaling_examples.times() in " ".join(PAGE.read_text("utf-8").split())
