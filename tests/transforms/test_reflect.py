"""Reflection: projected reflected gradient, and its unconstrained equivalent."""

import chex
import jax
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import field, project


def test_reflect_follows_its_formula_on_simplices():
    eta = 0.4 / matrix_game.LIPSCHITZ
    seen = matrix_game.iterates(
        lambda projection: mm.reflect(mm.sgda(eta, projection=projection)), 1000
    )
    z = last = seen[0]
    for step in seen[1:40]:
        z, last = project(z - eta * field(2 * z - last)), z
        np.testing.assert_allclose(step, z, atol=1e-13)
    assert matrix_game.gap(seen[-1]) < 1e-6 < matrix_game.gap(seen[0])


def test_reflect_is_past_extragradient_without_constraints():
    with jax.enable_x64(True):
        start = jax.tree.map(lambda x: x.astype("float64"), problems.curved.start)

        @jax.jit
        def end(z):
            options = (mm.reflect(mm.sgda(0.1)), mm.past_extragradient(0.1))
            return [mm.solve(tx, problems.curved.field_fn, z, 30).players for tx in options]

        chex.assert_trees_all_close(*end(start), atol=1e-14)


def test_reflect_is_stable_below_one_over_root_three():
    with jax.enable_x64(True):
        norms = [np.abs(problems.orbit(mm.reflect(mm.sgda(eta)), 400))[-1] for eta in (0.57, 0.584)]
    assert norms[0] < 0.1 and norms[1] > 10


def test_reflect_transforms_the_field_at_the_reflection():
    points = []

    def noted(updates, state, params=None, **extra):
        points.append(params)
        return updates, state

    note = optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), noted)
    tx, z = mm.reflect(mm.sgda(0.5), transform=note), problems.bilinear.start
    state = tx.init(z)
    for _ in range(2):
        u, state = tx.update(z, state, z, field_fn=problems.bilinear.field_fn)
        z = mm.apply_updates(z, u)
    assert [float(p.min) for p in points] == [1.0, 0.0] and float(points[1].max) == 2.0


def test_reflect_names_invalid_arguments():
    with pytest.raises(TypeError, match="reflect: tx must be an Optax"):
        mm.reflect(0.1)
