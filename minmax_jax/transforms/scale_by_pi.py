"""A proportional–integral controller of one player's updates (νPI)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation

STARTS = ("first", "zero")


class PIState(NamedTuple):
    """State of `scale_by_pi`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      smoothed: Exponential moving average ξ of the updates passed in.
    """

    count: jax.Array
    smoothed: Any


def scale_by_pi(
    proportional: Any = 0.0,
    integral: Any = 1.0,
    decay: Any = 0.0,
    initial: str = "first",
    *,
    name: str = "scale_by_pi",
) -> optax.GradientTransformationExtraArgs:
    """Turns the updates into those of the νPI controller, for multipliers.

    With the errors e_k that are passed in (for multipliers, minus the constraint values), the
    integral gain κ_i, the proportional gain κ_p and the decay ν:

        ξ_k = ν ξ_{k−1} + (1 − ν) e_k
        u_k = κ_i e_k + κ_p (ξ_k − ξ_{k−1})

    Place it before the learning rate of the max player, for example
    `per_player(min=…, max=optax.chain(mm.scale_by_pi(1.0), optax.sgd(0.1), mm.project(…)))`. The
    proportional term damps the oscillations of the multipliers. With κ_p = 0 it multiplies by
    κ_i. With ν = 0, it is κ_i times `add_optimism(κ_p / κ_i)`. A negative ν is allowed.

    With `initial="first"`, ξ_{−1} = e_0, as in the paper, and the first update is κ_i e_0. With
    `initial="zero"`, ξ_{−1} = 0, and it is (κ_i + κ_p (1 − ν)) e_0.

    **Cost.** One copy of the updates. No field evaluations.

    **Verified** against Cooper 1.0.1 with `nuPIInitType.ZEROS`. With `nuPIInitType.SGD`, Cooper
    stores ξ_0 = 0 in place of e_0, so its second update is different; this function follows the
    paper.

    Args:
      proportional: Gain κ_p: a nonnegative number or a schedule of the update count.
      integral: Gain κ_i: a nonnegative number or a schedule of the update count.
      decay: Decay ν of the moving average, from −1 to less than 1.
      initial: Value of ξ_{−1}: `"first"` or `"zero"`.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree.

    Raises:
      TypeError: If a gain or `decay` is not a number. In `init` and `update`, if a leaf is not
        floating-point.
      ValueError: If a gain is negative, `decay` is out of range, or `initial` is unknown. In
        `update`, if updates, params and state differ in structure or shapes.

    Examples:
      On a linear objective, the multiplier of plain descent–ascent circles around its solution:

      >>> import optax
      >>> import minmax_jax as mm
      >>> problem = mm.constrained(lambda x: x, equality=lambda x: x - 1)
      >>> for gain in (0.0, 2.0):
      ...     multiplier_tx = optax.chain(mm.scale_by_pi(gain), optax.sgd(0.3))
      ...     tx = mm.per_player(min=optax.sgd(0.3), max=multiplier_tx)
      ...     end = mm.solve(tx, problem.field_fn, problem.init(0.0), 200).players
      ...     print(bool(abs(end.min - 1) < 1e-3))
      False
      True

    References:
      Sohrabi, Ramirez, Zhang, Lacoste-Julien, Gallego-Posada, `On PI controllers for updating
      Lagrange multipliers in constrained optimization <https://arxiv.org/abs/2406.04558>`_,
      2024, Algorithm 1.
    """
    proportional = checks.check_number(name, "proportional", proportional)
    integral = checks.check_number(name, "integral", integral)
    decay = checks.check_number(name, "decay", decay, low=-1.0, below=1.0, schedule=False)
    checks.check_choice(name, "initial", initial, STARTS)

    def init_fn(params: PyTree) -> PIState:
        checks.check_floats(name, "params", params, empty=True)
        return PIState(count=trees.new_count(), smoothed=optax.tree.zeros_like(params))

    def update_fn(
        updates: PyTree, state: PIState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, PIState]:
        del extra
        checks.check_floats(name, "updates", updates, empty=True)
        checks.check_match(name, updates, params)
        checks.check_state(name, state, PIState, updates, "smoothed")
        kp, ki = (calls.value_at(gain, state.count) for gain in (proportional, integral))
        at_start = (state.count == 0) if initial == "first" else jnp.zeros((), bool)

        def change(e: jax.Array, smoothed: jax.Array) -> jax.Array:
            """Returns ξ_k − ξ_{k−1}."""
            weight = jnp.asarray(1 - jnp.asarray(decay)).astype(e.dtype)
            return weight * (e - jnp.where(at_start, e, smoothed.astype(e.dtype)))

        changes = jax.tree.map(change, updates, state.smoothed)

        def control(e: jax.Array, step: jax.Array) -> jax.Array:
            return ki.astype(e.dtype) * e + kp.astype(e.dtype) * step

        def smooth(e: jax.Array, step: jax.Array, smoothed: jax.Array) -> jax.Array:
            before = jnp.where(at_start, e, smoothed.astype(e.dtype))
            return (before + step).astype(smoothed.dtype)

        return jax.tree.map(control, updates, changes), PIState(
            count=trees.increment(state.count),
            smoothed=jax.tree.map(smooth, updates, changes, state.smoothed),
        )

    return transformation(init_fn, update_fn)
