"""Projection onto constraint sets, at the end of a step."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm


def unit_box(tree):
    return optax.projections.projection_box(tree, -1.0, 1.0)


def test_project_projects_the_updated_parameters():
    x, g = jnp.array([0.5, -0.5]), jnp.array([2.0, 0.1])
    tx = optax.chain(optax.sgd(1.0), mm.project(unit_box))
    u, _ = tx.update(g, tx.init(x), x)
    np.testing.assert_allclose(optax.apply_updates(x, u), [-1.0, -0.6], rtol=1e-6)


def test_project_treats_players_separately():
    z = mm.Players(jnp.array([0.2, 0.8]), jnp.array([0.5, 0.5]))
    tx = mm.project(optax.projections.projection_simplex)
    u, _ = tx.update(mm.Players(jnp.array([1.0, 1.0]), jnp.array([3.0, 0.0])), tx.init(z), z)
    end = optax.apply_updates(z, u)
    np.testing.assert_allclose(end.min, [0.2, 0.8], atol=1e-6)
    np.testing.assert_allclose(end.max, [1.0, 0.0], atol=1e-6)


def test_projection_applies_to_steps_not_to_fields():
    field_fn = mm.zero_sum(lambda z: (z.min - 3.0) * (z.max + 2.0) + 0.5 * z.min**2)
    optimizer = mm.sgda(0.05, transform=optax.clip(10.0), projection=unit_box)
    result = mm.solve(
        optimizer, field_fn, mm.Players(0.0, 0.0), 500, record=lambda step, z, u, s: z
    )
    assert float(jnp.max(jnp.abs(jnp.stack(result.records)))) <= 1.0
    # min (x−3)(y+2) + x²/2 over the box: y + 2 + x > 0 always, so x = −1; then x − 3 < 0, y = −1.
    np.testing.assert_allclose(result.players, (-1.0, -1.0), atol=1e-6)


def test_projection_may_constrain_one_player():
    field_fn = mm.zero_sum(lambda z: z.min * z.max)
    only_min = mm.Players(min=unit_box, max=None)
    result = mm.solve(mm.sgda(0.5, projection=only_min), field_fn, mm.Players(1.0, 5.0), 1)
    np.testing.assert_allclose(result.players, (-1.0, 5.5))


def test_projection_raises_when_it_is_a_transformation():
    with pytest.raises(TypeError, match=r"^sgda: projection must be a function from params"):
        mm.sgda(0.1, projection=mm.project(unit_box))


def test_project_names_invalid_arguments():
    with pytest.raises(TypeError, match=r"^project: projection must be a function .*, got 1.0"):
        mm.project(1.0)
