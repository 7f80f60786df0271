"""Tests of the argument `projection` of all optimizers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

FAST = ("sgda", "extragradient", "competitive", "greedy_adam", "lookahead_minmax")
GAME = mm.games.bilinear(jnp.eye(2))


def clip(params):
    return jax.tree.map(lambda x: jnp.clip(x, -0.1, 0.1), params)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in FAST)) for n in mm.optimizers]
)
def test_projection_constrains_one_player(name):
    optimizer = mm.optimizers[name](0.4, projection=mm.Players(min=clip, max=None))
    start = mm.Players(jnp.array([0.1, -0.1]), jnp.array([2.0, -2.0]))
    result = mm.solve(
        optimizer,
        GAME.field_fn,
        start,
        5,
        payoff_fn=GAME.payoff_fn,
        key=jax.random.key(0),
        record=lambda step, z, u, s: z,
    )
    assert np.max(np.abs(result.records.min)) <= np.float32(0.1)
    assert np.max(np.abs(result.records.max)) > 0.1


@pytest.mark.parametrize(
    "transform",
    [
        mm.project(clip),
        optax.chain(optax.clip(1.0), mm.project(clip)),
        mm.Players(min=mm.project(clip), max=None),
    ],
)
@pytest.mark.parametrize("name", ["sgda", "extragradient", "past_extragradient", "competitive"])
def test_projection_inside_transform_raises(name, transform):
    optimizer = mm.optimizers[name](0.4, transform=transform)
    with pytest.raises(ValueError, match="Pass projection= to the optimizer"):
        mm.solve(optimizer, GAME.field_fn, mm.Players(jnp.ones(2), jnp.ones(2)), 1)


def test_projection_raises_when_not_callable():
    with pytest.raises(TypeError, match=r"^sgda: projection.min must be a function from params"):
        mm.sgda(0.1, projection=mm.Players(min=0.5, max=None))
