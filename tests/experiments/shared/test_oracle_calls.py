"""Medians of oracle calls and thinned curves."""

import numpy as np

from experiments._shared.oracle_calls import cell, listed, thinned


def test_cells_count_failures_as_infinite():
    assert cell([2.0, None, 4.0]) == "4 (2/3)"
    assert cell([2.0, None, None]) == "∞ (1/3)"
    assert cell([2.0, 3.0]) == "2" and cell([None]) == "–"


def test_listed_replaces_infinity_by_none():
    assert listed(np.array([1.0, np.inf])) == [1.0, None]
    assert listed(None, 2) == [None, None]


def test_thinned_keeps_first_and_last_value():
    found = thinned(np.arange(1000.0), "x", points=5)
    assert found["updates"] == found["x"] and len(found["x"]) == 5
    assert found["x"][0] == 0 and found["x"][-1] == 999
