"""Tests of the entropic step and of the methods that it makes, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import minimize
from scipy.special import expit

import minmax_jax as mm
from tests import matrix_game

PARENTS = mm.games.KUHN_POKER_PARENTS.max


def _multiply(z, step):
    """Returns the joint vector after an entropic step."""
    halves = np.split(z * np.exp(step), [matrix_game.ROWS])
    return np.concatenate([half / half.sum() for half in halves])


def _entropic(make):
    return matrix_game.iterates(lambda _: make(0.2, projection=mm.exponentiate()), 5000)


def test_exponentiate_gives_multiplicative_weights_and_relatives():
    plain, optimistic, mirror_prox = map(_entropic, (mm.sgda, mm.optimistic_gda, mm.extragradient))
    field, z = matrix_game.field, plain[0]
    a, b, c, last = z, z, z, field(z)
    for k in range(1, 200):
        a = _multiply(a, -0.2 * field(a))
        now = field(b)
        b, last = _multiply(b, -0.2 * (2 * now - last)), now
        c = _multiply(c, -0.2 * field(_multiply(c, -0.2 * field(c))))
        for point, run in zip((a, b, c), (plain, optimistic, mirror_prox), strict=True):
            np.testing.assert_allclose(run[k], point, rtol=1e-10)
    # Only the average of multiplicative weights converges; the others converge themselves.
    gap = matrix_game.gap
    assert gap(plain[-1]) > 1
    assert gap(plain.mean(0)) < 0.05
    assert gap(optimistic[-1]) < 1e-4
    assert gap(mirror_prox[-1]) < 1e-4


def test_multiplicative_weights_leave_interior_equilibrium():
    game = mm.games.matrix()
    optimizer = mm.sgda(0.1, projection=mm.exponentiate())

    def divergence(step, z, u, s):
        return -sum(jnp.mean(jnp.log(3 * side)) for side in z)

    found = jax.jit(
        lambda z: mm.solve(optimizer, game.field_fn, z, 300, record=divergence).records
    )(game.start)
    assert np.all(np.diff(found) > 0)  # The KL divergence from the uniform equilibrium.


def test_dilated_step_minimizes_linear_loss_plus_divergence():
    rng = np.random.default_rng(0)
    step = {"opening": rng.normal(size=(3, 2)), "after_bet": rng.normal(size=(3, 2))}
    opening = rng.dirichlet([1, 1], 3)
    start = {"opening": opening, "after_bet": rng.dirichlet([2, 2], 3) * opening[:, :1]}
    with jax.enable_x64(True):
        update, _ = mm.exponentiate(PARENTS).update(step, optax.EmptyState(), start)
        update = jax.device_get(update)
    for card in range(3):

        def split(logits):
            p, share = expit(logits)
            return np.array([p, 1 - p]), np.array([p * share, p * (1 - share)])

        def loss(logits, card=card, split=split):
            x, own = split(logits)
            z, inner = start["opening"][card], start["after_bet"][card]
            linear = step["opening"][card] @ x + step["after_bet"][card] @ own
            after = np.sum(own * np.log(own / x[0] / (inner / z[0])))
            return np.sum(x * np.log(x / z)) + after - linear

        x, own = split(minimize(loss, (0.0, 0.0), options={"gtol": 1e-8}).x)
        np.testing.assert_allclose(start["opening"][card] + update["opening"][card], x, atol=1e-6)
        moved = start["after_bet"][card] + update["after_bet"][card]
        np.testing.assert_allclose(moved, own, atol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_exponentiate_never_reaches_zero(dtype):
    tx, z = mm.exponentiate(), jnp.array([0.5, 0.5], dtype)
    for _ in range(20):
        update, _ = tx.update(jnp.array([-1000.0, 0.0], dtype), optax.EmptyState(), z)
        z = optax.apply_updates(z, update)
    assert z[1] == 1
    back = jnp.array([1000.0, 0.0], dtype)
    update, _ = tx.update(back, optax.EmptyState(), z)
    assert optax.apply_updates(z, update)[0] == 1


@pytest.mark.parametrize(
    ("parents", "error", "words"),
    [
        (["b"], TypeError, "parents must be a mapping, got"),
        ({"b": "a"}, TypeError, "pairs of a leaf and an action, got 'a' for 'b'. Pass"),
        ({"b": ("a", 0), "a": ("b", 0)}, ValueError, "as its own ancestor. Remove the cycle."),
    ],
)
def test_exponentiate_raises_for_wrong_parents(parents, error, words):
    with pytest.raises(error, match=f"exponentiate: .*{words}"):
        mm.exponentiate(parents)


@pytest.mark.parametrize(
    ("parents", "tree", "words"),
    [
        (None, {"a": jnp.ones(())}, "leaf 'a' must have an axis of actions, got shape"),
        ({"b": ("c", 0)}, {"a": jnp.ones(2), "b": jnp.ones(2)}, "are a, b, got 'c'. Use one"),
        ({"b": ("a", 2)}, {"a": jnp.ones(2), "b": jnp.ones(2)}, "got action 2 for the shape"),
        ({"b": ("a", 0)}, {"a": jnp.ones((3, 2)), "b": jnp.ones(2)}, "one row per decision"),
    ],
)
def test_exponentiate_raises_for_wrong_trees(parents, tree, words):
    with pytest.raises(ValueError, match=f"exponentiate: .*{words}"):
        mm.exponentiate(parents).init(tree)


def test_exponentiate_as_transform_of_a_field_raises():
    game = mm.games.matrix()
    optimizer = mm.sgda(0.1, transform=mm.exponentiate())
    with pytest.raises(ValueError, match="Pass it as projection="):
        optimizer.update(game.start, optimizer.init(game.start), game.start)
