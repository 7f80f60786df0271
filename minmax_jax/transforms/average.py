"""Running averages of the parameters, stored in the optimizer state."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation

SCHEMES = ("uniform", "linear", "exponential")


class AverageState(NamedTuple):
    """State of `average`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      average: Averaged parameters, in float32 or wider. Before the first update, the initial
        parameters.
      tx: State of the inner optimizer.
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
    """Maintains a running average of the parameters without changing the updates.

    Let z_1, z_2, … be the parameters after each update, b = `begin` and d = `decay`:

        uniform       z̄_k = z̄_{k−1} + (z_k − z̄_{k−1}) / (k − b)       # mean of z_{b+1} … z_k
        linear        z̄_k = z̄_{k−1} + 2 (z_k − z̄_{k−1}) / (k − b + 1)  # weights 1, 2, 3, …
        exponential   z̄_k = d z̄_{k−1} + (1 − d) z_k,  z̄_b = z_b

    Up to update b, the average equals the current parameters. Averages are stored in float32
    or wider, because bfloat16 would round away a weight of 0.001. Read them with
    `mm.averaged_players(state)`.

    The average refers to the parameters after the step of `tx`. Make `average` the outermost
    transformation, because a transformation chained after it changes the step. As
    `extrapolate(tx, extrapolation_tx=mm.average(tx))` it averages the lookahead points of the
    extragradient method, to which the O(1/k) bound on the duality gap applies.

    **Cost.** The cost of `tx`, and one copy of the parameters.

    Args:
      tx: Optimizer of one tree or of both players, including the learning rate.
      scheme: `"uniform"`, `"linear"` or `"exponential"`.
      decay: Decay d in [0, 1] of the exponential scheme: a number or a schedule of the update
        count.
      begin: Number of updates b to exclude from the average, a Python int.

    Returns:
      A gradient transformation of the same trees as `tx`. Its `update` requires `params` and
      the arguments that `tx` requires.

    Raises:
      TypeError: If `tx` is not an Optax gradient transformation, `decay` is not a number or a
        schedule, or `begin` is not an int.
      ValueError: If `scheme` is unknown, `decay` is not in [0, 1], or `begin` is negative. In
        `update`, if params is missing.

    Examples:
      With alternating updates on f = xy, the players circle around the solution, and their
      average converges to it:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.average(mm.alternate(min=optax.sgd(0.5), max=optax.sgd(0.5)))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 5000)
      >>> mean = mm.averaged_players(result.state)
      >>> bool(abs(result.players.min) + abs(result.players.max) > 0.5)
      True
      >>> bool(abs(mean.min) + abs(mean.max) < 2e-3)
      True

    References:
      Polyak, Juditsky, Acceleration of stochastic approximation by averaging, 1992.
      Nemirovski, Prox-method with rate of convergence O(1/t) for variational inequalities,
      2004.
      Yazıcı et al., `The unusual effectiveness of averaging in GAN training
      <https://arxiv.org/abs/1806.04498>`_, 2019.
    """
    inner = checks.check_transformation("average", "tx", tx)
    checks.check_choice("average", "scheme", scheme, SCHEMES)
    decay = checks.check_number("average", "decay", decay, high=1.0)
    begin = checks.check_count("average", "begin", begin, at_least=0)

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
        params = checks.check_params("average", params, "it averages the parameters")
        checks.check_match("average", updates, params)
        checks.check_state("average", state, AverageState, params, "average")
        step, tx_state = inner.update(updates, state.tx, params, **extra)
        count = trees.increment(state.count)
        weight = _weight_of_next(scheme, decay, begin, state.count, count)

        def move(mean: jax.Array, z: Any, u: Any) -> jax.Array:
            # Round to the dtype of the parameters first, as `optax.apply_updates` does.
            after = trees.widen(jnp.asarray(z + u).astype(jnp.result_type(z)))
            return mean + weight.astype(mean.dtype) * (after - mean)

        return step, AverageState(
            count=count,
            average=jax.tree.map(move, state.average, params, step),
            tx=tx_state,
        )

    return transformation(init_fn, update_fn)


def averaged_players(state: PyTree) -> Any:
    """Returns the averaged parameters from an optimizer state that contains an `average`.

    Args:
      state: State of a chain or a wrapper, or `SolveResult.state`, stacked by `vmap` or not.

    Returns:
      The averaged parameters, with the structure and shapes of the parameters.

    Raises:
      ValueError: If the state contains no `AverageState`, or more than one.

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
        remedy = "Pass the state of one of them." if found else "Wrap the optimizer in mm.average."
        raise ValueError(
            f"averaged_players: state must contain one AverageState, got {len(found)}. {remedy}"
        )
    return found[0].average


def _is_average(node: Any) -> bool:
    return isinstance(node, AverageState)


def _weight_of_next(
    scheme: str, decay: Any, begin: int, count: jax.Array, after: jax.Array
) -> jax.Array:
    """Returns the weight of the newest parameters z_{k+1} in z̄_{k+1}.

    Here k = `count` and k + 1 = `after`, which does not overflow.
    """
    averaged = (after - begin).astype(float)
    if scheme == "uniform":
        return 1 / jnp.maximum(averaged, 1)
    if scheme == "linear":
        return 2 / (jnp.maximum(averaged, 1) + 1)
    return jnp.where(averaged <= 0, 1.0, 1 - calls.value_at(decay, count).astype(float))
