"""The number of batches per step is that of the optimizer."""

import jax.numpy as jnp
import pytest

import minmax_jax as mm
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
