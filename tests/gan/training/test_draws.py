"""The number of batches per step is that of the optimizer."""

import jax
import jax.numpy as jnp
import optax
import pytest

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.data.streaming.layout import Draws
from minmax_jax.gan.training import draws

PLAYERS = mm.Players({"w": jnp.ones(2)}, {"w": jnp.ones(2)})
ALTERNATING = {"optimizer": "adam_gda", "update_order": "discriminator-first"}
SEPARATE = {"penalty": 1.0, "penalty_every": 4, "penalty_step": "separate"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"optimizer": "sgda"}, Draws(1)),
        ({"optimizer": "extra_adam"}, Draws(2)),
        ({"optimizer": "consensus"}, Draws(1)),
        # The max player's steps, the last payoff, and its previous value on the same sample.
        ({"optimizer": "greedy_adam", "options": {"max_ascent_steps": 3}}, Draws(5)),
        (
            {
                "optimizer": "greedy_adam",
                "options": {"max_ascent_steps": 3, "gradient_tolerance": 0.1},
            },
            Draws(5),
        ),
        ({**ALTERNATING, "max_steps": 1}, Draws(2)),
        ({**ALTERNATING, "max_steps": 5}, Draws(6)),
        ({**ALTERNATING, "max_steps": 5, "update_order": "generator-first"}, Draws(6)),
        ({**ALTERNATING, "max_steps": 3, **SEPARATE}, Draws(4, 3, 4)),
    ],
)
def test_count_is_that_of_the_optimizer(values, expected):
    assert draws.count(presets.preset("gaussians", **values), PLAYERS) == expected


@pytest.mark.parametrize("name", sorted(mm.optimizers))
def test_count_supports_every_optimizer(name):
    assert 1 <= draws.count(presets.preset("gaussians", optimizer=name), PLAYERS).main <= 12


def count_with(monkeypatch, update):
    """Returns the number of batches of an optimizer `update(updates, params, field_fn)`."""

    def build(config, players, *, unroll):
        def update_fn(updates, state, params, *, field_fn, **extra):
            return update(updates, params, field_fn), state

        return optax.GradientTransformationExtraArgs(lambda params: (), update_fn)

    monkeypatch.setattr(draws, "build_optimizer", build)
    return draws.count(presets.preset("gaussians", optimizer="sgda"), PLAYERS).main


def repeat(updates, params, field_fn, most):
    """Evaluates the field until the parameters are small, at most `most` times."""
    is_large = lambda value: jnp.sum(value[1].min["w"]) > 0.1  # noqa: E731
    return jax.lax.while_loop(
        lambda value: is_large(value) & (value[0] < most),
        lambda value: (value[0] + 1, field_fn(value[1], value[0] + 1)),
        (0, params),
    )[1]


def test_loop_that_may_end_early_counts_in_full(monkeypatch):
    # No index that is known at compile time comes after those of the loop.
    assert count_with(monkeypatch, lambda *args: repeat(*args, most=6)) == 7


def test_mapped_indices_count(monkeypatch):
    def update(updates, params, field_fn):
        fields = jax.vmap(field_fn, (None, 0))(params, 2 + jnp.arange(3))
        return jax.tree.map(lambda leaf: leaf.mean(0), fields)

    assert count_with(monkeypatch, update) == 5


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (lambda z: jnp.int32(jnp.sum(z.min["w"])), "no known limit"),
        (lambda z: -1, "values from -1 to 0"),
        (lambda z: 10**6, "values from 0 to 1,000,000"),
        (lambda z: jnp.clip(jnp.int32(z.min["w"][0]), 1, 5000), "values from 0 to 5,000"),
    ],
)
def test_index_without_a_batch_is_refused(monkeypatch, index, text):
    with pytest.raises(ConfigError, match=f"^optimizer=sgda: .*{text}.*jnp.clip.*--stream"):
        count_with(monkeypatch, lambda updates, z, field_fn: field_fn(z, index(z)))


def test_limited_index_of_a_value_counts(monkeypatch):
    index = lambda z: jnp.clip(jnp.int32(z.min["w"][0]), 0, 3)  # noqa: E731
    assert count_with(monkeypatch, lambda updates, z, field_fn: field_fn(z, index(z))) == 4
