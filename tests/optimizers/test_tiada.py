"""TiAda: formulas of its variants, and convergence where AdaGrad diverges."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import matrix_game
from tests.matrix_game import ROWS, field

ETA, ALPHA, BETA, EPS = 0.1, 0.7, 0.3, 1e-3
B1, B2 = 0.8, 0.9


def by_hand(variant, z, num_steps):
    """Returns the iterates of the published formulas."""
    x, y = slice(None, ROWS), slice(ROWS, None)
    sums, m, seen = np.zeros(z.size), np.zeros(z.size), [z]
    for t in range(1, num_steps + 1):
        g = field(z)
        first = second = 1
        if variant == "adam":
            m, sums = B1 * m + (1 - B1) * g, B2 * sums + (1 - B2) * g**2
            first, second = 1 - B1**t, np.sqrt(1 - B2**t)
        else:
            m, sums = g, sums + g**2
        v_x, v_y = np.sum(sums[x]), np.sum(sums[y])
        step = np.empty(z.size)
        if variant == "scalar":
            step[x] = g[x] / (max(v_x, v_y) ** ALPHA + EPS)
            step[y] = g[y] / (v_y**BETA + EPS)
        else:
            ratio = v_x**ALPHA / max(v_x**ALPHA, v_y**ALPHA)
            step[x] = ratio * m[x] / first / (sums[x] ** ALPHA / second + EPS)
            step[y] = m[y] / first / (sums[y] ** BETA / second + EPS)
        z = z - ETA * step
        seen.append(z)
    return np.array(seen)


@pytest.mark.parametrize("variant", ["coordinate", "scalar", "adam"])
def test_tiada_follows_its_formulas(variant):
    options = {"min_power": ALPHA, "max_power": BETA, "b1": B1, "b2": B2, "eps": EPS}
    seen = matrix_game.iterates(lambda _: mm.tiada(ETA, variant=variant, **options), 40)
    np.testing.assert_allclose(seen, by_hand(variant, seen[0], 40), atol=1e-12)


def test_tiada_converges_where_adagrad_diverges():
    field_fn = mm.zero_sum(lambda z: -(z.max**2) / 2 + 2 * z.min * z.max - 2 * z.min**2)
    start = mm.Players(jnp.array(1.0), jnp.array(0.01))

    def residuals(r):
        rates = mm.Players(0.2 / r, 0.2)
        sides = [optax.adagrad(rate, initial_accumulator_value=0.0, eps=0.0) for rate in rates]
        options = [mm.tiada(rates, variant=v) for v in ("coordinate", "scalar")]
        options.append(mm.per_player(min=sides[0], max=sides[1]))
        ends = [mm.solve(tx, field_fn, start, 4000).players for tx in options]
        return jnp.stack([jnp.hypot(*field_fn(z)) for z in ends])

    with jax.enable_x64(True):
        start = jax.tree.map(lambda x: x.astype(jnp.float64), start)
        found = np.asarray(jax.jit(jax.vmap(residuals))(jnp.array([1.0, 2.0, 4.0, 8.0])))
    assert np.all(found[:, :2] < 1e-12)
    assert found[0, 2] > 10 and found[1, 2] > 1  # The paper's threshold is between 2 and 4.


def test_tiada_scalar_accumulators_do_not_overflow():
    tx = mm.tiada(1.0, variant="scalar", min_power=0.5, max_power=0.5, eps=0.0)
    sizes = jnp.array([1e-30, 1e30])
    first = jax.vmap(lambda g: tx.update(mm.Players(g, -g), tx.init(mm.Players(0.0, 0.0)))[0])
    np.testing.assert_allclose(jax.jit(first)(sizes), [[-1.0, -1.0], [1.0, 1.0]], rtol=1e-5)
