"""Smoothing: its center, by hand."""

import jax.numpy as jnp
import pytest

import minmax_jax as mm


def test_smooth_moves_its_center_with_the_projected_step():
    tx = mm.smooth(mm.sgda(1.0, projection=lambda x: jnp.minimum(x, 1.0)), 2.0, 0.25)
    state = tx.init(0.0)
    step, state = tx.update(-5.0, state, 0.0)
    assert (float(step), float(state.center)) == (1.0, 0.25)
    # 2 (1 − 0.25) = 1.5 pulls back to the center.
    step, state = tx.update(0.0, state, 1.0)
    assert (float(step), float(state.center)) == (-1.5, 0.25 + 0.25 * (-0.5 - 0.25))


def test_smooth_names_invalid_arguments():
    with pytest.raises(ValueError, match=r"^smooth: rate must be between 0 and 1, got 2\."):
        mm.smooth(mm.sgda(0.1), 1.0, 2.0)
    tx = mm.smooth(mm.sgda(0.1), 1.0, 0.5)
    with pytest.raises(ValueError, match="smooth: update needs params, because it adds"):
        tx.update(jnp.ones(()), tx.init(jnp.ones(())))
