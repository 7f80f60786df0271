"""Symplectic adjustment: dense Jacobians, and its sign by hand."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import dense, problems

pytestmark = pytest.mark.usefixtures("strict_promotion")


def by_hand(matrix, z, weight, *, align, divisor):
    """Returns F + λ AᵀF for the field M z, in float64."""
    field = matrix @ z
    adjustment = (matrix - matrix.T).T / 2 @ field
    growth = matrix.T @ field
    sign = np.sign((field @ growth) * (adjustment @ growth) / divisor + 0.1) if align else 1.0
    return field + weight * sign * adjustment, sign


@pytest.mark.parametrize("zero_sum", [True, False])
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("seed", [2, 3])
def test_symplectic_equals_dense_jacobian(zero_sum, align, seed):
    game = dense.game(seed, zero_sum=zero_sum)
    wanted, _ = by_hand(game.matrix, dense.flat(dense.START), 0.7, align=align, divisor=7)
    direction, _ = dense.one_update(mm.add_symplectic(0.7, align=align), game.field_fn)
    np.testing.assert_allclose(direction, wanted, rtol=1e-4, atol=1e-4)


def test_symplectic_random_games_have_both_signs():
    signs = {
        by_hand(
            dense.game(seed, zero_sum=zero_sum).matrix,
            dense.flat(dense.START),
            1.0,
            align=True,
            divisor=7,
        )[1]
        for seed in (2, 3)
        for zero_sum in (True, False)
    }
    assert signs == {-1.0, 1.0}


def test_symplectic_adjustment_is_orthogonal_to_the_field():
    field_fn, z = problems.curved.field_fn, problems.curved.start
    direction, _ = dense.one_update(mm.add_symplectic(1.0), field_fn, z)
    field = dense.flat(field_fn(z))
    adjustment = direction - field
    assert abs(field @ adjustment) < 1e-5 * np.linalg.norm(field) * np.linalg.norm(adjustment)


def test_symplectic_on_bilinear_game_has_closed_form():
    """On f = xy, A = J, AᵀF = z and ⟨F, ∇H⟩ = 0, so eps makes the sign positive."""
    with jax.enable_x64(True):
        seen = problems.orbit(mm.symplectic(0.3, weight=0.8), 10)
    factor = 1 - 0.3 * 0.8 + 0.3j
    np.testing.assert_allclose(seen, seen[0] * factor ** np.arange(11), rtol=1e-12)


def test_symplectic_in_potential_game_is_sgda():
    def loss(z):
        return z.min**2 + z.min * z.max + jnp.cos(z.max)

    field_fn, z = mm.general_sum(loss, loss), mm.Players(jnp.array(0.7), jnp.array(-0.4))
    step, _ = dense.one_update(mm.symplectic(0.1, weight=5.0), field_fn, z)
    np.testing.assert_allclose(step, -0.1 * dense.flat(field_fn(z)), rtol=1e-6)


def spiral(stability):
    """Returns the game s/2 (x² − y²) + xy on vectors of three, with F = s z + A z."""
    return mm.zero_sum(
        lambda z: 0.5 * stability * (jnp.sum(z.min**2) - jnp.sum(z.max**2)) + jnp.sum(z.min * z.max)
    )


@pytest.mark.parametrize(
    ("stability", "size", "mean_over", "sign"),
    [
        (0.5, 2.0, "dimension", 1.0),
        (-0.5, 2.0, "dimension", -1.0),
        (-0.5, 0.1, "dimension", 1.0),
        (-0.5, 0.8, "dimension", 1.0),
        (-0.5, 0.8, "tensors", -1.0),
    ],
)
def test_symplectic_sign_by_hand(stability, size, mean_over, sign):
    """∇H = (s² + 1) z, ⟨F, ∇H⟩ = s (s² + 1) n, ⟨AᵀF, ∇H⟩ = (s² + 1) n, with n = ‖z‖².

    Their product is s (s² + 1)² n², to be compared with −0.1 times 6 parameters or 2
    tensors: for s = −½ the sign turns at n = 0.876 and n = 0.506.
    """
    s = stability
    x = jnp.array([1.0, 0.0, 0.0]) * size
    z = mm.Players(x, 0 * x)
    product = s * (s**2 + 1) ** 2 * size**4
    assert np.sign(product / {"dimension": 6, "tensors": 2}[mean_over] + 0.1) == sign
    direction, _ = dense.one_update(mm.add_symplectic(1.0, mean_over=mean_over), spiral(s), z)
    field = np.array([s, 0, 0, -1, 0, 0]) * size  # A z = (y, −x), and AᵀF = s Aᵀz + z
    adjustment = np.array([1, 0, 0, s, 0, 0]) * size
    np.testing.assert_allclose(direction, field + sign * adjustment, rtol=1e-6)


def test_symplectic_notebook_form_is_a_composition():
    game = dense.game(3, zero_sum=True)
    documented = mm.symplectic(0.1, mean_over="tensors", transform=optax.scale_by_rms(0.9))
    chained = optax.chain(
        mm.add_symplectic(1.0, mean_over="tensors"), optax.scale_by_rms(0.9), optax.scale(-0.1)
    )
    np.testing.assert_allclose(
        dense.one_update(documented, game.field_fn)[0],
        dense.one_update(chained, game.field_fn)[0],
        rtol=1e-6,
    )


def test_symplectic_keeps_nan_visible():
    field_fn = mm.zero_sum(lambda z: jnp.log(z.min) * z.max)
    z = mm.Players(jnp.array(-1.0), jnp.array(1.0))
    direction, _ = dense.one_update(mm.add_symplectic(), field_fn, z)
    assert np.isnan(direction).any()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: mm.add_symplectic(-1.0), r"^add_symplectic: weight must be at least 0"),
        (lambda: mm.add_symplectic(align="yes"), r"^add_symplectic: align must be True or False"),
        (lambda: mm.symplectic(0.1, mean_over="size"), r"^symplectic: mean_over must be 'dimensi"),
        (lambda: mm.symplectic(0.1, eps=-1.0), r"^symplectic: eps must be at least 0"),
    ],
)
def test_symplectic_names_invalid_arguments(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build()


def test_symplectic_accepts_a_traced_weight():
    game = dense.game(1, zero_sum=True)

    def step(weight):
        tx = mm.add_symplectic(weight)
        return tx.update(
            game.field_fn(dense.START), tx.init(dense.START), dense.START, field_fn=game.field_fn
        )[0]

    wanted, _ = dense.one_update(mm.add_symplectic(0.3), game.field_fn)
    np.testing.assert_allclose(dense.flat(jax.jit(step)(0.3)), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-19, 1e18, 1e19, 1e30])
def test_symplectic_sign_neither_overflows_nor_underflows(scale):
    def payoff(z):
        return jnp.sum(z.min**2) + jnp.sum(z.min * z.max) - jnp.sum(z.max**2)

    def updates(size, dtype):
        z = mm.Players(size * jnp.array([1.0, -1.0], dtype), size * jnp.array([-2.0, 3.0], dtype))
        field_fn, optimizer = mm.zero_sum(payoff), mm.symplectic(0.1, eps=0.0)
        return optimizer.update(field_fn(z), optimizer.init(z), z, field_fn=field_fn)[0]

    found = jax.tree.map(lambda x: x / scale, updates(scale, jnp.float32))
    chex.assert_trees_all_close(found, updates(1.0, jnp.float32), rtol=1e-5)


@pytest.mark.parametrize("size", [1e-60, 1.0])
def test_symplectic_accepts_players_of_two_dtypes(size):
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        z = mm.Players(jnp.zeros((), jnp.float32), jnp.asarray(size, jnp.float64))
        field_fn = mm.zero_sum(lambda z: z.min**2 - z.max**2)
        moved = mm.solve(mm.symplectic(0.1), field_fn, z, 1).players
        np.testing.assert_allclose(moved.max / size, 0.8, rtol=1e-6)
        assert moved.min == 0
