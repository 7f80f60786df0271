"""Order of the players' steps, and penalties with steps of their own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import objective
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib
from minmax_jax.gan.training.optimizer import build_optimizer

PLAYERS = mm.Players(jnp.array([1.0, -2.0]), jnp.array([0.5]))
SEED = np.uint32(3)


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({}, None),
        ({"max_steps": 2}, "max"),
        ({"update_order": "simultaneous"}, None),
        ({"update_order": "discriminator-first"}, "max"),
        ({"update_order": "generator-first", "max_steps": 2}, "min"),
    ],
)
def test_first_player_follows_order_and_steps(fields, first):
    assert presets.preset("digits", **fields).check().optimizer.first == first


def evaluations(optimizer, **extra):
    """Returns sample index and parameters of each field evaluation of one update."""
    seen = []

    def field_fn(players, draw=0):
        seen.append((draw, float(players.min[0]), float(players.max[0])))
        return players

    field = field_fn(PLAYERS)
    optimizer.update(field, optimizer.init(PLAYERS), PLAYERS, field_fn=field_fn, **extra)
    return seen


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("simultaneous", [(0, 1.0, 0.5)]),
        ("discriminator-first", [(0, 1.0, 0.5), (1, 1.0, 0.45)]),
        ("generator-first", [(0, 1.0, 0.5), (1, 0.8, 0.5)]),
    ],
)
def test_each_step_has_new_samples_and_newest_parameters(order, expected):
    rates = {"learning_rate_min": 0.2, "learning_rate_max": 0.1}
    config = presets.preset("digits", optimizer="sgda", update_order=order, **rates)
    found = evaluations(build_optimizer(config, PLAYERS))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_separate_penalty_rescales_rate_and_betas():
    """StyleGAN2: with k penalty-free steps per penalty, c = k / (k + 1)."""
    fields = {"penalty": 1.0, "penalty_every": 4, "penalty_step": "separate"}
    fields |= {"learning_rate_min": 0.2, "learning_rate_max": 0.1, "options": {"b1": 0.5}}
    config = presets.preset("digits", update_order="generator-first", **fields).check()
    c, zero = 4 / 5, lambda players, draw=0: jax.tree.map(jnp.zeros_like, players)
    expected = mm.alternate(
        min=optax.adam(0.2, b1=0.5),
        max=mm.regularize_lazily(optax.adam(0.1 * c, b1=0.5**c, b2=0.999**c), every=4),
        first="min",
    )
    results = []
    for optimizer in (build_optimizer(config, PLAYERS), expected):
        z, state = PLAYERS, optimizer.init(PLAYERS)
        for _ in range(3):
            same = {"field_fn": lambda z, draw=0: z, "penalty_field_fn": zero}
            updates, state = optimizer.update(z, state, z, **same)
            z = optax.apply_updates(z, updates)
        results.append(z)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), *results)


@pytest.fixture(scope="module")
def separate(noise_images):
    """Game with a separate penalty, and the images and statistics to evaluate it."""
    fields = {"width": 4, "latent_dim": 2, "batch_size": 8, "optimizer": "sgda"}
    fields |= {"penalty": 3.0, "penalty_type": "r1", "penalty_every": 2}
    fields |= {"update_order": "discriminator-first", "penalty_step": "separate"}
    game, _ = build.build_game(presets.preset("digits", **fields).check(), noise_images, 1)
    state = step_lib.init(game, optax.identity())
    return game, (noise_images.images, state.players, state.stats)


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
def test_separate_penalty_is_not_part_of_the_field(separate, loss):
    game, inputs = separate
    calls = []

    def penalty_fn(discriminator, real, fake, mix):
        calls.append(real.shape)
        return jnp.zeros(())

    penalty = game.penalty._replace(penalty_fn=penalty_fn)
    game = game._replace(loss=objective.LOSSES[loss], penalty=penalty)
    due = objective.penalty_due(game, jnp.asarray(0))

    def count(name):
        def function(images, players, stats):
            now = objective.game_functions(game, images, stats, jax.random.key(1), due=due)
            chosen = now.loss_fns.max if name == "loss" else getattr(now, name)
            return chosen(players, 0)

        calls.clear()
        jax.eval_shape(parallel.on_one_device(function), *inputs)
        return len(calls)

    assert [count(name) for name in ("field_fn", "payoff_fn", "min_loss_fn")] == [0, 0, 0]
    assert count("loss") == 1  # The logged loss contains the penalty.
    assert count("penalty_field_fn") == 1


def test_field_of_separate_penalty_is_its_gradient(separate):
    """It has twice the weight, because it is used in every other step, and samples of its own."""
    game, inputs = separate

    def fields(images, players, stats):
        key = jax.random.key(1)
        now = objective.game_functions(game, images, stats, key, due=False)

        def penalty(y, draw, key):
            forward = objective.forward_fn(game, images, stats, key)
            out = forward(mm.Players(players.min, y), draw)
            return objective.PENALTIES["r1"](out.discriminator, out.real, out.fake, out.mix)

        own = jax.random.fold_in(key, 2**31 - 2)
        gradients = [jax.grad(penalty)(players.max, 5, k) for k in (own, key)]
        return now.penalty_field_fn(players, 5), gradients

    found, (expected, other) = jax.jit(parallel.on_one_device(fields))(*inputs)
    close = lambda a, b: np.testing.assert_allclose(a, 2 * 3.0 * b, rtol=1e-4, atol=1e-5)  # noqa: E731
    jax.tree.map(close, found.max, expected)
    assert not any(jnp.any(leaf) for leaf in jax.tree.leaves(found.min))
    with pytest.raises(AssertionError):
        jax.tree.map(close, found.max, other)
