"""Tests of the comparison of methods for constrained problems."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.constrained import __main__ as command
from experiments.constrained import run as constrained
from experiments.constrained.problems import PROBLEMS, distance, starts

TINY = constrained.Config(budget=400, rates=(0.3,), ratios=(0.3, 1.0), seeds=2)


@pytest.mark.parametrize("name", PROBLEMS)
def test_solutions_satisfy_the_optimality_conditions(name):
    with jax.enable_x64(True):
        problem = PROBLEMS[name]()
        z = mm.Players(problem.solution, problem.multipliers)
        z = jax.tree.map(jnp.asarray, z)
        field_fn = problem.game.field_fn
        conditions = jax.jit(lambda z: mm.diagnostics.kkt_conditions(z, field_fn(z)))(z)
        assert max(conditions) < 1e-13
        assert distance(problem)(z) == 0
        # The starts are not solutions, and their multipliers have the structure of the solution's.
        first = starts(problem, 2)
        assert jax.vmap(distance(problem))(first).min() > 0.1
        assert jax.tree.structure(first) == jax.tree.structure(z)


def test_learning_rates_are_all_pairs():
    low, high = constrained.Config(rates=(0.1, 1.0), ratios=(1.0, 3.0)).learning_rates()
    np.testing.assert_allclose(low, [0.1, 0.1, 1.0, 1.0])
    np.testing.assert_allclose(high, [0.1, 0.3, 1.0, 3.0])


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constrained, "PROBLEMS", {"saddle": PROBLEMS["saddle"]})
        names = ("sgda", "augmented, c = 1")
        methods = {name: constrained.METHODS[name] for name in names}
        patch.setattr(constrained, "METHODS", methods)
        found = constrained.run(TINY)
    return json.loads(json.dumps(found, allow_nan=False))


def test_only_the_augmented_lagrangian_solves_the_saddle(result):
    sgda, augmented = result["problems"]["saddle"].values()
    assert sgda["calls"]["0.01"] == [None, None] and sgda["cost"] == 1
    assert max(augmented["calls"]["0.0001"]) < 400
    assert augmented["rates"]["0.01"][0] == 0.3
    assert augmented["cost"] == 2


def test_table_and_figure_of_a_result(result, tmp_path, capsys):
    (tmp_path / "constrained.json").write_text(json.dumps(result))
    command.main(TINY, redraw=True, out=tmp_path)
    assert (tmp_path / "constrained.png").stat().st_size > 10_000
    assert "| sgda | – |" in capsys.readouterr().out
