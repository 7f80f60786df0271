"""Projection onto constraint sets, at the end of a step."""

import jax
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_projected_parameters_are_exactly_inside(size, dtype):
    sets = {
        "box": (lambda x: jnp.clip(x, -0.1, 0.7), -0.1, 0.7),
        "orthant": (lambda x: jnp.maximum(x, 0.0), 0.0, np.inf),
    }
    with jax.enable_x64(dtype == "float64"):
        x, u = jax.random.normal(jax.random.key(0), (2, 10_000), dtype) * size
        for name, (projection, low, high) in sets.items():
            tx = mm.project(projection)
            step, _ = tx.update(u, tx.init(x), x)
            end = optax.apply_updates(x, step)
            low, high = jnp.asarray(low, dtype), jnp.asarray(high, dtype)
            assert bool(jnp.all((low <= end) & (end <= high))), name
            near = jnp.abs(end - projection(x + u))
            assert bool(jnp.all(near <= 2 * jnp.spacing(jnp.abs(step)))), name


def test_project_onto_ball_does_not_end_beyond_projection():
    def ball(x):
        return x * jnp.minimum(1, 0.3 / jnp.linalg.norm(x, axis=-1, keepdims=True))

    x, u = jax.random.normal(jax.random.key(0), (2, 5000, 2))
    tx = mm.project(ball)
    end = optax.apply_updates(x, tx.update(u, tx.init(x), x)[0])
    outside = jnp.linalg.norm(x + u, axis=-1) > 0.3
    assert bool(jnp.all((jnp.abs(end) <= jnp.abs(ball(x + u)))[outside]))


def test_project_has_a_derivative_at_the_boundary():
    tx = mm.project(lambda x: jnp.clip(x, -0.1, 0.7))

    def end(x, u):
        return optax.apply_updates(x, tx.update(u, tx.init(x), x)[0])

    x, u = jax.random.normal(jax.random.key(0), (2, 1000))
    slopes = jax.vmap(jax.grad(end, argnums=1))(x, u)
    inside = jnp.abs(x + u - 0.3) < 0.4
    assert bool(jnp.all(slopes == inside))


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


def test_projection_raises_and_names_the_attribute_of_a_problem():
    problem = mm.constrained(jnp.sum, equality=jnp.sum)
    with pytest.raises(TypeError, match=r"^sgda: projection must .* Pass its attribute proj"):
        mm.sgda(0.1, projection=problem)


def test_project_names_invalid_arguments():
    with pytest.raises(TypeError, match=r"^project: projection must be a function .*, got 1.0"):
        mm.project(1.0)
    tx = mm.project(lambda tree: {"a": None})
    z = {"a": jnp.ones(2)}
    with pytest.raises(ValueError, match=r"^project: .*projection\(params\)\['a'\] is None"):
        tx.update(z, tx.init(z), z)
