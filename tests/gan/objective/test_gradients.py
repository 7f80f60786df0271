"""`gradient_fields` against the field of training and formulas by hand."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import gan, parallel
from minmax_jax.gan.objective import LOSSES, forward_fn, game_functions, gradient_fields
from minmax_jax.gan.training import build, step
from tests.gan.conftest import small_data


def make(loss="non-saturating", network="mlp", penalty=0.0, num_devices=1):
    config = gan.preset(
        "digits", network=network, loss=loss, penalty=penalty, width=4, latent_dim=3, batch_size=8
    )
    data = small_data((8, 8, 1))
    game, optimizer = build.build_game(config, data, num_devices)
    return game, step.init(game, optimizer), jnp.asarray(data.images)


@pytest.mark.parametrize("network", ["mlp", pytest.param("dcgan", marks=pytest.mark.slow)])
def test_descended_equals_the_field_of_training(network):
    game, state, images = make(network=network)
    key = jax.random.key(3)

    def field(state):
        return game_functions(game, images, state.stats, key).field_fn(state.players, 5)[0]

    mapped = parallel.map_step(field, jax.local_devices()[:1])
    wanted = parallel.unreplicate(mapped(jax.tree.map(lambda leaf: leaf[None], state)))
    found = jax.jit(gradient_fields(game, images, key).descended)(state.players, 5)
    chex.assert_trees_all_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_saturating_is_the_field_of_the_payoff():
    game, state, images = make(penalty=3.0)
    key = jax.random.key(3)
    found = gradient_fields(game, images, key)

    def payoff(players):
        out = forward_fn(game, images, state.stats, key)(players, 2)
        return jnp.mean(jnp.log(jax.nn.sigmoid(out.real_logits))) + jnp.mean(
            jnp.log(1 - jax.nn.sigmoid(out.fake_logits))
        )

    wanted = jax.jit(parallel.on_one_device(mm.zero_sum(payoff)))(state.players)
    chex.assert_trees_all_close(found.saturating(state.players, 2), wanted, rtol=1e-4, atol=1e-6)
    assert LOSSES["saturating"].zero_sum
    # The generator has another loss in training, and the penalty changes the discriminator's.
    own = found.descended(state.players, 2)
    for side in ("min", "max"):
        there, here = (
            np.concatenate([np.ravel(x) for x in jax.tree.leaves(getattr(f, side))])
            for f in (own, wanted)
        )
        assert np.linalg.norm(there - here) > 1e-3


@pytest.mark.slow
def test_fields_work_with_diagnostics():
    game, state, images = make()
    fields = gradient_fields(game, images, jax.random.key(0))
    seen = mm.diagnostics.noise_floor(fields.descended, state.players, 4)
    assert 0 < seen.floor.min < seen.raw.min * 2
    first = np.square(mm.diagnostics.player_norms(fields.descended(state.players, 0)))
    assert 0.1 < seen.raw.min / first[0] < 10
    run = [state.players]
    reference = jax.tree.map(jnp.zeros_like, state.players.min)
    found = mm.diagnostics.one_sided_mvi(fields.saturating, run, reference, num_draws=3)
    assert np.isfinite(found.cosine).all()


def test_game_for_several_devices_is_refused():
    game, _, images = make(num_devices=2)
    with pytest.raises(ValueError, match="must be for one device, got 2"):
        gradient_fields(game, images, jax.random.key(0))
