"""Gaussian noise whose draws derive from a key and a count, so that no rollback repeats them."""

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
      count: int32 scalar, the number of updates so far.
    """

    count: jax.Array


def add_noise(stddev: ScalarOrSchedule) -> optax.GradientTransformationExtraArgs:
    """Adds `σ_t ξ_t` to the updates, ξ_t standard normal, independent over leaves and updates.

    Leaf i of update t draws from the key `fold_in(fold_in(key, t), i)`, so that both players,
    and all their leaves, draw independently, and one key may serve all updates. t is the
    count in the state, or `update_count=` where a method passes it: the methods that restore
    the state (`greedy` on a rejection) pass a count that never goes back, and the next draw
    is fresh. `optax.add_noise` keeps its generator in its state, and restored repeats
    the rejected draw for ever. Devices given one key draw alike. No field evaluation.

    As a gradient-free proposal: `optax.chain(optax.set_to_zero(), mm.add_noise(0.5))`.

    Args:
      stddev: σ, in units of the updates: a number, or a schedule of t.

    Returns:
      An Optax transformation of any tree; `update` needs `key=`.

    Raises:
      TypeError, ValueError: for a stddev that is negative or no number; in `update`, when
        key is missing.

    Examples:
      Noise around a saddle point where the field is zero, f = y² − x², lets players leave it:

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
    checks.check_number("add_noise", "stddev", stddev)

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
        del params, extra
        checks.check_key("add_noise", key, "it draws noise from it")
        assert key is not None  # for the type checker
        count = state.count if update_count is None else update_count
        now, sigma = jax.random.fold_in(key, count), calls.value_at(stddev, count)
        leaves, structure = jax.tree.flatten(updates)
        noisy = [_add(leaf, jax.random.fold_in(now, i), sigma) for i, leaf in enumerate(leaves)]
        after = NoiseState(count=trees.increment(state.count))
        return jax.tree.unflatten(structure, noisy), after

    return transformation(init_fn, update_fn)


def _add(leaf: Any, key: jax.Array, sigma: jax.Array) -> jax.Array:
    leaf = jnp.asarray(leaf)
    return leaf + sigma.astype(leaf.dtype) * jax.random.normal(key, leaf.shape, leaf.dtype)
