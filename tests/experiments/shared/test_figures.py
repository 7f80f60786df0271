"""Tests of colors that several figures share."""

import pytest

from experiments._shared.figures import GRAY, highlight


def test_highlight_gives_chosen_names_colors_of_their_own():
    colors = highlight("abcd", ("c", "a", "missing"))
    assert colors["b"] == colors["d"] == GRAY
    assert len({colors["a"], colors["c"], GRAY}) == 3


def test_highlight_refuses_more_than_five_names():
    with pytest.raises(ValueError, match="at most 5 names, got 6"):
        highlight("abcdef", "abcdef")
