"""Tests of the one-sided MVI along runs."""

import pytest

from experiments.one_sided.mvi import figure
from experiments.one_sided.mvi import run as mvi
from experiments.one_sided.trajectories.config import make_problem


def test_random_reference_is_as_far_from_start_as_the_end(small, measured):
    problem = make_problem(small)
    held = mvi.references(small, problem, "adam_gda", False, seed=0)
    assert tuple(held) == mvi.REFERENCES
    start = problem.start(0).min
    far = [abs(float(held[name]["theta"] - start["theta"])) for name in ("own end", "random")]
    assert far[0] == pytest.approx(far[1], rel=1e-5)


def test_mismatched_pairs_have_the_same_points_in_another_order(small, measured):
    problem = make_problem(small)
    own, other = (
        list(mvi.pairs(small, problem, "adam_gda", False, 0, name))
        for name in ("own end", "mismatched")
    )
    assert [z.min for z in own] == [z.min for z in other]
    assert all(float(a.max["psi"]) != float(b.max["psi"]) for a, b in zip(own, other, strict=True))
    assert sorted(float(z.max["psi"]) for z in own) == sorted(float(z.max["psi"]) for z in other)


def test_figure_shows_means_only_if_every_cosine_is_a_sign(tmp_path):
    def result(*cosines):
        found = {
            name: {"cosine": [list(cosines)], "cosine_over_seeds": [0.5, 0.1, 0.9]}
            for name in figure.COLORS
        }
        runs = {f"sgda, {schedule}": {"descended": found} for schedule in ("constant", "decay")}
        return {"runs": runs, "times": [0, 1], "seeds": 1, "preset": "p", "width": None}

    assert figure.is_sign(result(1.0, -1.0)) and figure.is_sign(result(None, -0.0))
    assert not figure.is_sign(result(1.0, 0.2))
    for index, cosines in enumerate([(1.0, -1.0), (0.1, 0.2)]):
        figure.draw(result(*cosines), tmp_path / f"{index}.png")
        assert (tmp_path / f"{index}.png").stat().st_size > 5_000
