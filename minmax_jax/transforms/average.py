"""Averages of the players along the run, kept beside them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation

SCHEMES = ("uniform", "exponential")


class AverageState(NamedTuple):
    """State of `average`.

    Attributes:
      count: int32 scalar, the number of updates so far.
      average: the averaged players, in float32 at least; before the first update the players.
      tx: state of the inner method.
    """

    count: jax.Array
    average: Any
    tx: Any


def average(
    tx: optax.GradientTransformation,
    scheme: str = "uniform",
    *,
    decay: Any = 0.999,
    begin: int = 0,
) -> optax.GradientTransformationExtraArgs:
    """Leaves the steps of `tx` as they are and averages the players that they lead to.

    With z_1, z_2, … the players after each update:

        uniform       z̄_k = z̄_{k−1} + (z_k − z̄_{k−1}) / (k − b)         mean of z_{b+1} … z_k
        exponential   z̄_k = d z̄_{k−1} + (1 − d) z_k,  z̄_b = z_b       b = `begin`, d = `decay`

    Up to update b the average is the players themselves. Averages are formed and read in
    float32 at least, for bfloat16 would not notice a weight of 0.001. Price: that of `tx`,
    and one copy of the players. Read them by `mm.averaged_players(state)`.

    It averages what *its* `tx` steps to: put it outermost, since a transformation chained
    after it changes the step. As `extrapolate(tx, extrapolation_tx=mm.average(tx))` it averages
    extragradient's trial points, of which the O(1/k) bound on the duality gap speaks.

    Args:
      tx: any method, of one tree or of two players, learning rate included.
      scheme: "uniform" or "exponential".
      decay: d in [0, 1], or a schedule of the update count; for the exponential scheme.
      begin: b, the number of updates to leave out, a Python int.

    Returns:
      A transformation of what `tx` transforms; its `update` needs `params`, and whatever
      `tx` needs.

    Raises:
      TypeError: if `tx` is no transformation, or begin no int.
      ValueError: for an unknown scheme or a decay out of range; in `update`, if params is
        missing.

    Examples:
      In turns on f = xy the players circle; their average is at the solution:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.average(mm.alternate(min=optax.sgd(0.5), max=optax.sgd(0.5)))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 5000)
      >>> middle = mm.averaged_players(result.state)
      >>> bool(abs(result.players.min) + abs(result.players.max) > 0.5)
      True
      >>> bool(abs(middle.min) + abs(middle.max) < 2e-3)
      True

    References:
      Polyak, Juditsky, Acceleration of stochastic approximation by averaging, 1992.
      Nemirovski, Prox-method with rate of convergence O(1/t) for variational inequalities,
      2004.
      Yazıcı et al., `The unusual effectiveness of averaging in GAN training
      <https://arxiv.org/abs/1806.04498>`_, 2019.
    """
    checks.check_transformation("average", "tx", tx)
    checks.check_choice("average", "scheme", scheme, SCHEMES)
    checks.check_number("average", "decay", decay, high=1.0)
    checks.check_count("average", "begin", begin, at_least=0)
    inner = optax.with_extra_args_support(tx)

    def weight_of_next(count: jax.Array) -> jax.Array:
        taken = (count + 1 - begin).astype(float)
        if scheme == "uniform":
            return 1 / jnp.maximum(taken, 1)
        return jnp.where(taken <= 0, 1.0, 1 - calls.value_at(decay, count).astype(float))

    def init_fn(params: PyTree) -> AverageState:
        checks.check_floats("average", "params", params)
        return AverageState(
            count=trees.new_count(),
            average=jax.tree.map(jnp.array, trees.widen(params)),
            tx=inner.init(params),
        )

    def update_fn(
        updates: PyTree, state: AverageState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, AverageState]:
        if params is None:
            raise ValueError(
                "average: update needs params, the players to be averaged: "
                "optimizer.update(updates, state, params)."
            )
        step, tx_state = inner.update(updates, state.tx, params, **extra)
        weight = weight_of_next(state.count)
        players = jax.tree.map(
            lambda z, u: jnp.asarray(z + u).astype(jnp.result_type(z)), params, step
        )
        return step, AverageState(
            count=trees.increment(state.count),
            average=jax.tree.map(
                lambda mean, z: mean + weight.astype(mean.dtype) * (z - mean),
                state.average,
                trees.widen(players),
            ),
            tx=tx_state,
        )

    return transformation(init_fn, update_fn)


def averaged_players(state: PyTree) -> Any:
    """Reads the averaged players out of an optimizer's state, wherever `average` stands in it.

    Args:
      state: the state of a chain, of a wrapper, of `solve`'s result; stacked by `vmap` or not.

    Returns:
      The averaged players, with the structure and shapes of the players.

    Raises:
      ValueError: if there is no `average` in the state, or more than one.

    Examples:
      >>> import optax
      >>> import minmax_jax as mm
      >>> tx = mm.average(optax.sgd(1.0), "exponential", decay=0.5)
      >>> z = mm.Players(1.0, 1.0)
      >>> _, state = tx.update(mm.Players(1.0, -1.0), tx.init(z), z)
      >>> mean = mm.averaged_players(state)
      >>> print(mean.min, mean.max)
      0.5 1.5
    """
    found = [node for node in jax.tree.leaves(state, is_leaf=_is_average) if _is_average(node)]
    if len(found) != 1:
        raise ValueError(
            f"averaged_players: state must hold one AverageState, got {len(found)}; "
            + ("wrap the optimizer in mm.average." if not found else "pass the part you mean.")
        )
    return found[0].average


def _is_average(node: Any) -> bool:
    return isinstance(node, AverageState)
