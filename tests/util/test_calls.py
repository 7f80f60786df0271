"""Extra arguments of several optimizer calls within one update."""

import jax
import jax.numpy as jnp

from minmax_jax._util import calls


def test_inner_call_keys_are_independent():
    key = jax.random.key(0)
    extra = {"key": key, "seen": 1}
    keys = [calls.inner_call(extra, call)["key"] for call in range(3)]
    assert len({tuple(jax.random.key_data(k).tolist()) for k in [key, *keys]}) == 4
    assert calls.inner_call({"key": None}, 1, update_count=2) == {"key": None, "update_count": 2}
    assert extra == {"key": key, "seen": 1}


def test_value_at_accepts_numbers_and_schedules():
    count = jnp.asarray(3)
    assert float(calls.value_at(0.5, count)) == 0.5
    assert float(calls.value_at(lambda k: 2.0 * k, count)) == 6.0
