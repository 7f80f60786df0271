"""Tests of the experiment on rare large gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.one_sided.adversarial import __main__ as command
from experiments.one_sided.adversarial.run import Config, payoff, run


def test_payoff_has_two_coefficients_with_mean_above_zero():
    config = Config(rare=0.25, large=50.0)
    keys = jax.random.split(jax.random.key(0), 4000)
    gradient = jax.grad(lambda x, key: payoff(config, mm.Players(x, 0.5), key))
    found = np.asarray(jax.vmap(gradient, (None, 0))(0.3, keys))
    np.testing.assert_allclose(np.unique(found), [-9.95, 50.05], rtol=1e-5)  # c + y/10
    assert np.mean(found > 0) == pytest.approx(0.25, abs=0.03)
    defaults = Config()
    assert defaults.rare * defaults.large - (1 - defaults.rare) * 10 == pytest.approx(10.01)


def test_run_adam_moves_to_wrong_end_and_amsgrad_does_not(tmp_path):
    config = Config(steps=1500, seeds=3, learning_rates=(0.5,), b2=(0.5,), rare=0.02, large=2000.0)
    result = run(config)
    ends = {name: result["methods"][name]["0.5"][0]["ends"] for name in result["methods"]}
    assert min(ends["adam_gda"]) > 0.9
    assert max(ends["amsgrad_gda"]) < min(ends["adam_gda"])
    command.draw(result, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5_000
    assert command.table(result).count("\n") == 5


def test_format_end_clips_interval():
    assert command.format_end([1.0, 0.9, 1.0]) == "0.97 [0.82, 1.00]"
    assert jnp.isfinite(payoff(Config(), mm.Players(1.0, -1.0), jax.random.key(0)))
