"""One pass through the discriminator against two passes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax.gan import networks, objective
from minmax_jax.gan.objective import losses

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1), dtype=np.uint8)


def make_game(loss, one_pass, penalty="r1"):
    pair = networks.build(
        "mangoubi_mnist", (4, 4, 1), latent_dim=2, width=2, seed=0, spectral_norm=True
    )
    term = objective.Penalty(objective.PENALTIES[penalty], 3.0)
    return objective.Game(
        pair, objective.LOSSES[loss], term, 4, 1, axis_name=None, one_pass=one_pass
    )


def field_and_stats(game):
    """Returns the field and the statistics, traced for a GPU."""
    pair = game.pair
    stats = mm.Players(pair.generator.stats, pair.discriminator.stats)

    def evaluate(players):
        with networks.tracing_for("gpu"):
            images, key = jnp.asarray(IMAGES), jax.random.key(0)
            return objective.game_functions(game, images, stats, key).field_fn(players, 0)

    return evaluate


@pytest.mark.parametrize(
    ("loss", "penalty"),
    [
        ("non-saturating", "r1"),
        pytest.param("relativistic", "r1", marks=pytest.mark.slow),
        pytest.param("wasserstein", "wgan-gp", marks=pytest.mark.slow),
    ],
)
def test_field_and_statistics_are_those_of_two_passes(loss, penalty):
    """They agree with dropout, spectral normalization and a penalty, for all kinds of losses."""
    game = make_game(loss, True, penalty)
    players = mm.Players(game.pair.generator.params, game.pair.discriminator.params)
    results = [
        jax.jit(field_and_stats(make_game(loss, one_pass, penalty)))(players)
        for one_pass in (True, False)
    ]
    for mine, expected in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-6)


def test_one_pass_halves_the_products_of_the_discriminator():
    """The forward pass over both batches is one product per layer."""

    def products(one_pass):
        game = make_game("wasserstein", one_pass)._replace(penalty=None)
        players = mm.Players(game.pair.generator.params, game.pair.discriminator.params)
        return str(jax.make_jaxpr(field_and_stats(game))(players)).count("dot_general")

    assert products(True) < products(False)


@pytest.mark.parametrize("name", objective.LOSSES)
def test_only_the_relativistic_generator_loss_uses_real_logits(name):
    uses = losses.min_loss_uses_real(objective.LOSSES[name], (4,))
    assert uses == (name == "relativistic")
    gradient = jax.grad(objective.LOSSES[name].min_loss)(jnp.ones(4), jnp.zeros(4))
    assert np.any(gradient) == uses
