"""Tests of the one-sided MVI along runs."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.one_sided.mvi import figure
from experiments.one_sided.mvi import run as mvi
from experiments.one_sided.mvi.cosines import NUM_DRAWS, cosines_along
from experiments.one_sided.trajectories.config import make_problem
from experiments.one_sided.trajectories.snapshots import of_seed


def test_random_reference_is_as_far_from_start_as_the_end(small, measured):
    problem = make_problem(small)
    held = mvi.references(small, problem, "adam_gda", False)
    assert tuple(held) == mvi.REFERENCES
    own, other = held["own end"]["theta"], held["other seed"]["theta"]
    assert own.tolist() == other[::-1].tolist()
    for seed in range(2):
        start = problem.start(seed).min["theta"]
        far = [abs(float(held[name]["theta"][seed] - start)) for name in ("own end", "random")]
        assert far[0] == pytest.approx(far[1], rel=1e-5)


def test_mismatched_pairs_have_the_same_points_in_another_order(small, measured):
    problem = make_problem(small)
    own, other = (
        list(mvi.pairs(small, problem, "adam_gda", False, mismatched=mismatched))
        for mismatched in (False, True)
    )
    chex.assert_trees_all_equal([z.min for z in own], [z.min for z in other])
    first, second = ([float(z.max["psi"][0]) for z in run] for run in (own, other))
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert sorted(first) == sorted(second)


@pytest.mark.parametrize("mismatched", [False, True])
def test_cosines_are_those_of_the_diagnostic(mismatched, small, measured):
    field_fn = mm.zero_sum(
        lambda z, key: jnp.sin(z.min["theta"] + z.max["psi"]) * jax.random.normal(key),
        stochastic=True,
    )
    problem = make_problem(small)
    run = list(mvi.pairs(small, problem, "adam_gda", False, mismatched=mismatched))
    points = mvi.references(small, problem, "adam_gda", False)
    found = cosines_along(field_fn, run, points)
    for name, reference in points.items():
        for seed in range(2):
            expected = mm.diagnostics.one_sided_mvi(
                field_fn,
                [of_seed(z, seed) for z in run],
                of_seed(reference, seed),
                num_draws=NUM_DRAWS,
                key=jax.random.fold_in(jax.random.key(17), seed),
            )
            cosine, away = (part[seed] for part in found[name])
            np.testing.assert_allclose(cosine, expected.cosine, atol=1e-6)
            np.testing.assert_array_equal(away, expected.distance != 0)
            summary = mvi.summarize(*found[name], *found[name])
            assert summary["share"][seed] == pytest.approx(float(expected.share.mean), abs=1e-3)
            assert summary["own_end_above_it"][0] == 0


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
