"""Tests of the two-mode GAN against hand-written gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import games

SIZES = {"dimension": 40, "num_neurons": 3, "num_latents": 4}


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def make(seed=0, **options):
    game = games.modes(jax.random.key(seed), **SIZES, **options)
    # The game starts at b = 0 and small v, so larger values test all terms.
    keys = iter(jax.random.split(jax.random.key(seed + 100), 4))
    far = jax.tree.map(
        lambda leaf: leaf + 0.3 * jax.random.normal(next(keys), leaf.shape), game.start
    )
    return game, far


def sigmoid(x):
    return np.where(x < 0, np.exp(-np.abs(x)), 1.0) / (1.0 + np.exp(-np.abs(x)))


def hand_field(players, coefficient, gamma=0.3, non_saturating=False):
    """Returns the gradients of the documented payoff, with loops and 1 − p as σ(−f)."""
    w, a, b = (np.asarray(players.max[name]) for name in "wab")
    v = np.asarray(players.min["v"])
    modes = np.zeros((2, w.shape[1]))
    modes[0, 0], modes[1, :2] = 1.0, (gamma, np.sqrt(1 - gamma**2))
    grad = {"w": np.zeros_like(w), "a": 0.0, "b": 0.0}
    for sign, points in ((1, modes), (-1, v)):
        for x in points:
            logit = a * np.sum((w @ x) ** 3) + coefficient * b
            # The weight is (1 − p)/2 for data and −q/m_G for generated points.
            weight = sign * sigmoid(-sign * logit) / len(points)
            grad["w"] += 3 * a * weight * ((w @ x) ** 2)[:, None] * x
            grad["a"] += weight * np.sum((w @ x) ** 3)
            grad["b"] += weight * coefficient
    grad_v = np.zeros_like(v)
    for j, x in enumerate(v):
        logit = a * np.sum((w @ x) ** 3) + coefficient * b
        factor = sigmoid(-logit) if non_saturating else sigmoid(logit)
        grad_v[j] = -3 * a * factor / len(v) * ((w @ x) ** 2) @ w
    return mm.Players(min={"v": grad_v}, max={name: -g for name, g in grad.items()})


def assert_close(left, right, rtol=1e-10):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-13), left, right)


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
@pytest.mark.parametrize(("scale", "coefficient"), [(None, 1.0), (2.0, 2.0 / 40**0.5)])
def test_field_matches_hand_written_gradients(loss, scale, coefficient):
    game, players = make(bias_scale=scale, loss=loss)
    expected = hand_field(players, coefficient, non_saturating=loss == "non-saturating")
    assert_close(game.field_fn(players), expected)


def test_field_is_accurate_when_discriminator_is_certain():
    game, players = make()
    # With G = 0, the gradient of w is 1 − p = e⁻⁶⁰, where 1 − σ(60) would be 0.
    sure = mm.Players(min={"v": 0 * players.min["v"]}, max={**players.max, "b": jnp.asarray(60.0)})
    expected = hand_field(sure, 1.0).max["w"]
    assert 0 < np.abs(expected).max() < 1e-20
    np.testing.assert_allclose(game.field_fn(sure).max["w"], expected, rtol=1e-10)


def test_payoff_is_none_for_non_saturating_loss():
    game, players = make()
    logits = games.modes_logit(players.max, games.modes_points(0.3))
    fakes = games.modes_logit(players.max, players.min["v"])
    expected = np.log(sigmoid(np.asarray(logits))).mean() + np.log(sigmoid(-fakes)).mean()
    np.testing.assert_allclose(game.payoff_fn(players), expected, rtol=1e-12)
    assert make(loss="non-saturating")[0].payoff_fn is None
    np.testing.assert_allclose(
        games.modes_fake_probability(players), sigmoid(np.asarray(fakes)).mean(), rtol=1e-12
    )


def test_modes_have_norm_one_and_given_correlation():
    u1, u2 = games.modes_points(0.3)
    np.testing.assert_allclose([u1 @ u1, u2 @ u2, u1 @ u2], [1, 1, 0.3], rtol=1e-12)


def test_start_has_documented_scales():
    start = games.modes(jax.random.key(0), dimension=2000, num_neurons=50, num_latents=50).start
    np.testing.assert_allclose(start.max["w"].std(), 2000**-0.5, rtol=0.02)
    np.testing.assert_allclose(start.min["v"].std(), 1 / 2000, rtol=0.02)
    assert start.max["b"] == 0
    draws = jax.vmap(lambda k: games.modes(k, dimension=10).start.max["a"])(
        jax.random.split(jax.random.key(1), 4000)
    )
    assert (draws >= 0).all()
    np.testing.assert_allclose((draws**2).mean(), 1 / (7 * np.log(10)), rtol=0.1)


def test_linearized_cubic_is_tangent_beyond_threshold():
    discriminator = {"w": jnp.eye(2), "a": jnp.asarray(1.0), "b": jnp.asarray(0.0)}

    def f(x):
        return games.modes_logit(discriminator, jnp.array([[x, 0.0]]), linear_beyond=2.0)[0]

    values, slopes = jax.vmap(jax.value_and_grad(f))(jnp.array([-5.0, -1.0, 1.5, 5.0]))
    np.testing.assert_allclose(values, [-8 - 36, -1, 3.375, 8 + 36])
    np.testing.assert_allclose(slopes, [12, 3, 6.75, 12])


@pytest.mark.parametrize("latents", ["one_hot", "sparse"])
def test_large_batch_approximates_exact_field(latents):
    game, players = make(batch_size=200_000, latents=latents)
    field = game.field_fn(players, jax.random.key(5))
    assert_close(field.max["b"], game.field_fn(players, jax.random.key(6)).max["b"], rtol=0.1)
    if latents == "one_hot":
        exact = make()[0].field_fn(players)
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=0.02), field, exact)


def test_equal_draws_give_equal_samples():
    game, players = make(batch_size=8)
    first, again, other = (game.field_fn(players, draw) for draw in (0, 0, 1))
    assert_close(first, again)
    assert np.abs(first.min["v"] - other.min["v"]).max() > 1e-6


@pytest.mark.parametrize("optimizer", [mm.sgda(0.1), mm.nsgda(0.1), mm.nsgda(0.1, scope="global")])
def test_run_in_span_matches_when_method_commutes_with_rotations(optimizer):
    game, far = make()
    whole = mm.solve(optimizer, game.field_fn, far, 50).players
    small = mm.solve(optimizer, game.field_fn, games.modes_span(far), 50).players
    assert small.max["w"].shape == (3, 9)
    assert_close(small.max["a"], whole.max["a"], rtol=1e-7)
    assert_close(small.max["b"], whole.max["b"], rtol=1e-7)
    vectors = [np.concatenate([z.max["w"], z.min["v"]]) for z in (whole, small)]
    np.testing.assert_allclose(vectors[1] @ vectors[1].T, vectors[0] @ vectors[0].T, rtol=1e-6)
    np.testing.assert_allclose(vectors[1][:, :2], vectors[0][:, :2], atol=1e-7)


def test_run_in_span_differs_for_adam():
    game, far = make()
    ends = [
        mm.solve(mm.adam_gda(0.1), game.field_fn, z, 50).players.max["a"]
        for z in (far, games.modes_span(far))
    ]
    assert abs(ends[0] - ends[1]) > 1e-4


def generator(*rows):
    return mm.Players(min={"v": jnp.array(rows)}, max={"a": jnp.zeros(())})


U1, U2 = (1.0, 0.0), (0.3, 0.91**0.5)


@pytest.mark.parametrize(
    ("players", "outcome"),
    [
        (generator(U1, U2), "both"),
        (generator(U1, U2, *[(-1.0, 0.0)] * 8), "both"),
        (generator(U1, U2, *[(-1.0, 0.0)] * 9), "noise"),
        (generator(U2, (-1.0, 0.0)), "one"),
        (generator((0.04, 0.0), U2), "one"),  # The norm is too small.
        (generator((1.3, 0.91**0.5)), "average"),
        (generator((-1.0, 0.0)), "noise"),
        (generator(U1, (jnp.nan, 0.0)), "diverged"),
        (generator(U1, U2, (1e7, 0.0)), "diverged"),
        (generator(U1, U2)._replace(max={"a": jnp.asarray(jnp.inf)}), "diverged"),
    ],
)
def test_outcome_follows_criterion(players, outcome):
    assert games.OUTCOMES[int(games.modes_outcome(players))] == outcome
    with jax.enable_x64(False):
        single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), players)
        assert games.OUTCOMES[int(games.modes_outcome(single))] == outcome


def test_outcome_uses_given_latents():
    players = generator(U1, U2)
    z = jnp.array([[1.0, 0.0]] * 19 + [[0.0, 1.0]])
    assert games.OUTCOMES[int(games.modes_outcome(players, latents=z))] == "one"
    np.testing.assert_allclose(games.modes_reached(players, latents=z), [0.95, 0.05, 0.0])


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"correlation": 0.7}, ValueError, "correlation"),
        ({"dimension": 2.5}, TypeError, "dimension"),
        ({"loss": "hinge"}, ValueError, "loss"),
        ({"latents": "sparse"}, ValueError, "batch_size"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"bias_scale": -1.0}, ValueError, "bias_scale"),
    ],
)
def test_modes_raises_for_invalid_arguments(options, error, words):
    with pytest.raises(error, match=words):
        games.modes(jax.random.key(0), **options)
