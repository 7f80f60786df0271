"""Measures the one-sided MVI condition along a run."""

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.types import FieldFn, Players, PyTree
from minmax_jax.diagnostics._draws import draw_fn
from minmax_jax.diagnostics.bootstrap import Interval, bootstrap_interval


class OneSidedMVI(NamedTuple):
    """The one-sided MVI condition at the k checkpoints of a run.

    Attributes:
      inner: ⟨∇_x f(x_t, y_t), x_t − x*⟩, of shape (k,).
      stderr: Standard error of `inner` over the samples, of shape (k,). NaN for one sample.
      cosine: Cosine of the angle between the two vectors, of shape (k,). 0 if one is zero.
      distance: ‖x_t − x*‖, of shape (k,).
      share: Share of checkpoints with `inner` ≥ 0 and its confidence interval. Checkpoints
        at the reference are left out, and NaN does not count as ≥ 0.
      mean_cosine: Mean cosine over the same checkpoints and its confidence interval.
    """

    inner: np.ndarray
    stderr: np.ndarray
    cosine: np.ndarray
    distance: np.ndarray
    share: Interval
    mean_cosine: Interval


def one_sided_mvi(
    field_fn: FieldFn,
    players_along_run: Iterable[Players],
    reference: PyTree,
    *,
    num_draws: int = 1,
    key: jax.Array | None = None,
    block_size: int | None = None,
    num_resamples: int = 2000,
    confidence: float = 0.95,
) -> OneSidedMVI:
    """Measures `⟨∇_x f(x_t, y_t), x_t − x*⟩ ≥ 0` at the checkpoints of a run.

    The condition requires one x* for *all* (x, y). Interpret results with care:

    - If the condition holds around x* for some y, then ∇_x f(x*, y) = 0 for this y. So it
      cannot hold for all y in a game, GANs included, where some y moves x*.
    - x_t − x_T is minus the sum of the later updates. With the run's own end as x*, the
      inner product is biased towards positive values in any game. Measure controls too: the
      end of another seed, an average, a point in the middle of the run, a random point at
      the same distance, or pairs (x_t, y_s) from different steps.

    Checkpoints are read one at a time and not kept, so memory does not grow with their
    number.

    **Cost.** `num_draws` evaluations of the min player's half of the field per checkpoint.

    Args:
      field_fn: Vector field of the game. Its `min` is ∇_x f, of a loss (`general_sum`) or of
        a payoff (`zero_sum`).
      players_along_run: Pairs (x_t, y_t) in the order of the run. It may be an iterator.
      reference: Point x*, a pytree like `players.min`.
      num_draws: Number n of independent samples over which a stochastic gradient is
        averaged. Noise that remains in the mean shrinks the cosine.
      key: PRNG key. If given, the field receives keys, as in `solve`. Otherwise it receives
        integers. Checkpoint t uses the sample indices n t … n t + n − 1.
      block_size: Number of checkpoints per block of the bootstrap. Defaults to the cube
        root of their number, rounded up. See `bootstrap_interval`.
      num_resamples: Number of bootstrap resamples.
      confidence: Confidence level of the intervals.

    Returns:
      The measurements as NumPy arrays, with bootstrap intervals for their means.

    Raises:
      TypeError: If a checkpoint is not `Players` of floating-point trees, or `reference` is
        not a floating-point tree.
      ValueError: If `reference` has another structure or other shapes than the min player,
        or no checkpoint differs from the reference.

    Examples:
      The condition holds for x²(2 + sin y) with x* = 0, and fails for −xy:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> run = [mm.Players(1.0 / t, 3.0 * t) for t in range(1, 50)]
      >>> for payoff in (lambda z: z.min**2 * (2 + jnp.sin(z.max)), lambda z: z.min * -z.max):
      ...     result = mm.diagnostics.one_sided_mvi(mm.zero_sum(payoff), run, 0.0)
      ...     print(result.share.mean, result.mean_cosine.mean)
      1.0 1.0
      0.0 -1.0

    References:
      Dou, Li, `On the one-sided convergence of Adam-type algorithms in non-convex non-concave
      min-max optimization <https://arxiv.org/abs/2109.14213>`_, 2021. The definition is not
      checked against the paper.
    """
    name = "one_sided_mvi"
    field_fn = checks.check_game_function(name, "field_fn", field_fn)
    checks.check_is_key(name, key)
    checks.check_count(name, "num_draws", num_draws)
    checks.check_floats(name, "reference", reference)
    rows = []
    for index, players in enumerate(players_along_run):
        checks.check_players(name, "players_along_run", players)
        _check_like(name, reference, players.min)
        # Convert to NumPy at once, so that the checkpoint can be freed.
        rows.append(
            np.asarray(_measure(field_fn, num_draws, players, reference, index * num_draws, key))
        )
        del players
    inner, stderr, cosine, distance = np.array(rows).reshape(-1, 4).T
    off = distance != 0
    if not off.any():
        raise ValueError(
            f"{name}: players_along_run must have a checkpoint away from the reference, got "
            f"{len(rows)} checkpoints. Pass points from before the run reached it."
        )
    seed = jax.random.key(0) if key is None else jax.random.fold_in(key, 2**31 - 1)
    share, mean_cosine = (
        bootstrap_interval(
            values[off],
            key=seed,
            block_size=block_size,
            num_resamples=num_resamples,
            confidence=confidence,
        )
        for values in ((inner >= 0).astype(inner.dtype), cosine)
    )
    return OneSidedMVI(inner, stderr, cosine, distance, share, mean_cosine)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _measure(
    field_fn: FieldFn,
    num_draws: int,
    players: Players,
    reference: PyTree,
    first: Any,
    key: jax.Array | None,
) -> jax.Array:
    """Returns `inner`, `stderr`, `cosine` and `distance` of `OneSidedMVI` for one checkpoint.

    The field is evaluated at `num_draws` sample indices, of which `first` is the first.
    """
    draw = draw_fn(key)
    line = jax.tree.map(lambda x, r: trees.widen(x) - trees.widen(r), players.min, reference)

    def add(total: PyTree, index: jax.Array) -> tuple[PyTree, jax.Array]:
        gradient = trees.widen(field_fn(players, draw(index)).min)
        return jax.tree.map(jnp.add, total, gradient), trees.inner_product(gradient, line)

    zeros = jax.tree.map(jnp.zeros_like, line)
    total, inner = lax.scan(add, zeros, first + jnp.arange(num_draws))
    along, across = norms.tree_norm(line), norms.tree_norm(total)
    units = [
        jax.tree.map(lambda leaf, by=by: norms.unit(leaf, by), tree)
        for tree, by in ((total, across), (line, along))
    ]
    spread = jnp.std(inner, ddof=1) if num_draws > 1 else jnp.full((), jnp.nan, inner.dtype)
    distance = along.value / along.scale
    return jnp.stack(
        [jnp.mean(inner), spread / num_draws**0.5, trees.inner_product(*units), distance]
    )


def _check_like(name: str, reference: PyTree, tree: PyTree) -> None:
    """Raises ValueError unless the reference has the structure and shapes of the min player."""

    def shapes(side: PyTree) -> list[tuple[str, tuple[int, ...]]]:
        leaves = jax.tree_util.tree_leaves_with_path(side)
        return [(jax.tree_util.keystr(path), jnp.shape(leaf)) for path, leaf in leaves]

    found = shapes(reference), shapes(tree)
    if found[0] != found[1]:
        raise ValueError(
            f"{name}: reference must be a tree like the min player's, with leaves {found[1]}, "
            f"got {found[0]}. Pass players.min of the reference point."
        )
