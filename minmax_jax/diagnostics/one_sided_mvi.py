"""Whether the min player's gradient points away from a reference, along a run."""

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minmax_jax._util import checks, norms
from minmax_jax._util.types import FieldFn, Players, PyTree
from minmax_jax.diagnostics._draws import draw_fn
from minmax_jax.diagnostics.bootstrap import Interval, bootstrap_interval


class OneSidedMVI(NamedTuple):
    """The one-sided MVI along a run of k checkpoints.

    Attributes:
      inner: ⟨∇_x f(x_t, y_t), x_t − x*⟩, (k,).
      stderr: its standard error over the draws, (k,); NaN with a single draw.
      cosine: of the same two vectors, (k,); 0 where either is zero.
      distance: ‖x_t − x*‖, (k,).
      share: of checkpoints off the reference with inner ≥ 0 (NaN is not), and its interval.
      mean_cosine: over the same checkpoints, and its interval.
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

    The condition asks for one x* that serves *all* (x, y). Two cautions. If it holds around
    x* for some y, then ∇_x f(x*, y) = 0 for that y (let x tend to x* from every side), so for
    all y it fails in any game, GANs included, where some answer y moves x*. And x_t − x_T is
    minus the sum of the updates to come: with the run's own end for x* the sign leans
    towards positive whatever the game. Measure controls beside it: another seed's end, an
    average, a point of the run's middle, a random point as far away, pairs (x_t, y_s).

    Checkpoints are taken from the iterable one at a time and let go: memory does not grow
    with their number. Price: `num_draws` evaluations a checkpoint, of the min player's half.

    Args:
      field_fn: the field; its `min` is ∇_x f, of the loss that is descended (`general_sum`)
        or of a payoff (`zero_sum`), whichever is asked about.
      players_along_run: the pairs (x_t, y_t), in the order of the run; may be an iterator.
      reference: x*, a tree like `players.min`.
      num_draws: n, independent samples that a stochastic gradient is averaged over. Noise
        that is left in the mean shrinks the cosine.
      key: a PRNG key; with it the field receives keys as in `solve`, otherwise integers.
        Checkpoint t sees the draws n t … n t + n − 1.
      block_size: of the bootstrap over checkpoints, as in `bootstrap_interval`.
      num_resamples: as there.
      confidence: as there.

    Returns:
      `OneSidedMVI`, on the host.

    Raises:
      TypeError, ValueError: for a checkpoint that is no `Players` of floats, a reference of
        another structure or shape, or a run without a checkpoint off the reference.

    Examples:
      It holds for x²(2 + sin y) about 0, whatever y does, and fails for xy:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> run = [mm.Players(1.0 / t, 3.0 * t) for t in range(1, 50)]
      >>> for payoff in (lambda z: z.min**2 * (2 + jnp.sin(z.max)), lambda z: z.min * -z.max):
      ...     seen = mm.diagnostics.one_sided_mvi(mm.zero_sum(payoff), run, 0.0)
      ...     print(seen.share.mean, seen.mean_cosine.mean)
      1.0 1.0
      0.0 -1.0

    References:
      Dou, Li, `On the one-sided convergence of Adam-type algorithms in non-convex non-concave
      min-max optimization <https://arxiv.org/abs/2109.14213>`_, 2021 (the definition is
      recalled).
    """
    name = "one_sided_mvi"
    checks.check_count(name, "num_draws", num_draws)
    checks.check_floats(name, "reference", reference)
    rows = []
    for index, players in enumerate(players_along_run):
        checks.check_players(name, "players_along_run", players)
        _check_like(name, reference, players.min)
        # On the host at once: nothing of the checkpoint is kept.
        rows.append(
            np.asarray(_measure(field_fn, num_draws, players, reference, index * num_draws, key))
        )
        del players
    inner, stderr, cosine, distance = np.array(rows).reshape(-1, 4).T
    off = distance != 0
    if not off.any():
        raise ValueError(
            f"{name}: players_along_run has {len(rows)} checkpoints, none of them away from the "
            "reference; give points of the run before it reached the reference."
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
    """Returns inner, stderr, cosine and distance of one checkpoint; compiled once a field."""
    draw = draw_fn(key)
    line = jax.tree.map(lambda x, r: _wide(x) - _wide(r), players.min, reference)

    def add(total: PyTree, index: jax.Array) -> tuple[PyTree, jax.Array]:
        gradient = jax.tree.map(_wide, field_fn(players, draw(index)).min)
        return jax.tree.map(jnp.add, total, gradient), norms.inner(gradient, line)

    zeros = jax.tree.map(jnp.zeros_like, line)
    total, inner = lax.scan(add, zeros, first + jnp.arange(num_draws))
    along, across = norms.tree_norm(line), norms.tree_norm(total)
    units = [
        jax.tree.map(lambda leaf, by=by: norms.unit(leaf, by), tree)
        for tree, by in ((total, across), (line, along))
    ]
    spread = jnp.std(inner, ddof=1) if num_draws > 1 else jnp.full((), jnp.nan, inner.dtype)
    distance = along.value / along.scale
    return jnp.stack([jnp.mean(inner), spread / num_draws**0.5, norms.inner(*units), distance])


def _wide(leaf: Any) -> jax.Array:
    leaf = jnp.asarray(leaf)
    return leaf.astype(norms.accumulator_dtype(leaf.dtype))


def _check_like(name: str, reference: PyTree, tree: PyTree) -> None:
    """Raises ValueError unless the reference has the structure and shapes of the min player."""
    found = [
        [(jax.tree_util.keystr(path), jnp.shape(leaf))
         for path, leaf in jax.tree_util.tree_leaves_with_path(side)]
        for side in (reference, tree)
    ]  # fmt: skip
    if found[0] != found[1]:
        raise ValueError(
            f"{name}: reference must be a tree like the min player's, with leaves {found[1]}, "
            f"got {found[0]}; pass players.min of the point that the run is held against."
        )
