"""Dual rate decay: the learning rate of one player decays like 1/√t."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

FAMILY = {
    "adam_gda": lambda r: mm.adam_gda(r, b1=0.5),
    "amsgrad_gda": lambda r: mm.amsgrad_gda(r, b1=0.5),
    "extra_adam": lambda r: mm.extra_adam(r, b1=0.5),
    "extra_adam once": lambda r: mm.extra_adam(r, b1=0.5, moments="once"),
    "extra_amsgrad": lambda r: mm.extra_amsgrad(r, b1=0.5),
    "extra_amsgrad once": lambda r: mm.extra_amsgrad(r, b1=0.5, moments="once"),
    "optimistic_adam": mm.optimistic_adam,
    "ada_nsgda": mm.ada_nsgda,
    "rmsprop": lambda r: mm.per_player(min=optax.rmsprop(r.min), max=optax.rmsprop(r.max)),
    "adagrad": lambda r: mm.per_player(min=optax.adagrad(r.min), max=optax.adagrad(r.max)),
    "extra rmsprop": lambda r: mm.extragradient(r, transform=optax.scale_by_rms(0.9)),
    "extra adagrad": lambda r: mm.extragradient(r, transform=optax.scale_by_rss()),
}


@pytest.mark.parametrize("name", FAMILY)
def test_inverse_sqrt_schedule_scales_one_player_only(name):
    # The field is constant, so the steps of an optimizer differ in their learning rates only.
    field_fn = mm.zero_sum(lambda z: 3 * z.min - 2 * z.max)

    def steps(learning_rates):
        return mm.solve(
            FAMILY[name](learning_rates),
            field_fn,
            mm.Players(0.0, 0.0),
            9,
            record=lambda k, z, u, s: u,
        ).records

    constant = steps(mm.Players(0.1, 0.2))
    dual = steps(mm.Players(0.1, mm.inverse_sqrt_schedule(0.2)))
    np.testing.assert_allclose(dual.min, constant.min, rtol=1e-5)
    np.testing.assert_allclose(dual.max, constant.max / np.sqrt(np.arange(1, 10)), rtol=1e-5)
    assert np.all(np.abs(constant.max) > 1e-3)


def test_inverse_sqrt_schedule_accepts_traced_init_value():
    values = jax.vmap(lambda learning_rate: mm.inverse_sqrt_schedule(learning_rate)(3))(
        jnp.array([1.0, 2.0])
    )
    np.testing.assert_allclose(values, [0.5, 1.0])
    with pytest.raises(ValueError, match="inverse_sqrt_schedule: init_value"):
        mm.inverse_sqrt_schedule(-1.0)
