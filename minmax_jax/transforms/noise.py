"""Adds Gaussian noise that is derived from a key and an update count."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation
from minmax_jax.players import ScalarOrSchedule


class NoiseState(NamedTuple):
    """State of `add_noise`.

    Attributes:
      count: Number of updates so far (int32 scalar).
    """

    count: jax.Array


def add_noise(stddev: ScalarOrSchedule) -> optax.GradientTransformationExtraArgs:
    """Adds `σ_t ξ_t` to the updates, with independent standard normal noise ξ_t.

    The noise of leaf i in update t is drawn with the key `fold_in(fold_in(key, t), i)`. Both
    players and all their leaves receive independent noise, and one key may be used for all
    updates. Devices with the same key receive the same noise.

    The count t is stored in the state. If `update` receives `update_count=`, t is that number.
    `greedy` passes a count that increases in every update, so noise after a rejection is new,
    although `greedy` restores the state of `add_noise`. (`optax.add_noise` stores its key in its
    state and would repeat the rejected noise forever.)

    For a gradient-free proposal of `greedy`, use
    `optax.chain(optax.set_to_zero(), mm.add_noise(0.5))`.

    **Cost.** No field evaluations.

    Args:
      stddev: Standard deviation σ, in units of the updates: a number or a schedule of t.

    Returns:
      An Optax transformation of any tree. Its `update` requires the keyword argument `key`.

    Raises:
      TypeError: If `stddev` is not a number or a schedule.
      ValueError: If `stddev` is negative. In `update`, if key is missing.

    Examples:
      f = y² − x² has a critical point at zero that is not a solution. Noise moves the players
      away from it:

      >>> import jax, optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.max**2 - z.min**2)
      >>> tx = optax.chain(mm.add_noise(0.01), mm.sgda(0.1))
      >>> for optimizer in (mm.sgda(0.1), tx):
      ...     end = mm.solve(optimizer, field_fn, mm.Players(0.0, 0.0), 100, key=jax.random.key(0))
      ...     print(bool(abs(end.players.min) > 1.0))
      False
      True

    References:
      Neelakantan et al., `Adding gradient noise improves learning for very deep networks
      <https://arxiv.org/abs/1511.06807>`_, 2015.
    """
    stddev = checks.check_number("add_noise", "stddev", stddev)

    def init_fn(params: PyTree) -> NoiseState:
        checks.check_floats("add_noise", "params", params)
        return NoiseState(count=trees.new_count())

    def update_fn(
        updates: PyTree,
        state: NoiseState,
        params: PyTree | None = None,
        *,
        key: jax.Array | None = None,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[PyTree, NoiseState]:
        del extra
        checks.check_floats("add_noise", "updates", updates)
        checks.check_match("add_noise", updates, params)
        checks.check_state("add_noise", state, NoiseState)
        key = checks.check_key("add_noise", key, "it draws the noise with it")
        count = state.count if update_count is None else update_count
        key, sigma = jax.random.fold_in(key, count), calls.value_at(stddev, count)
        leaves, structure = jax.tree.flatten(updates)
        noisy = [_add(leaf, jax.random.fold_in(key, i), sigma) for i, leaf in enumerate(leaves)]
        after = NoiseState(count=trees.increment(state.count))
        return jax.tree.unflatten(structure, noisy), after

    return transformation(init_fn, update_fn)


def _add(leaf: Any, key: jax.Array, sigma: jax.Array) -> jax.Array:
    leaf = jnp.asarray(leaf)
    return leaf + sigma.astype(leaf.dtype) * jax.random.normal(key, leaf.shape, leaf.dtype)
