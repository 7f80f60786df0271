"""EAG, the extra anchored gradient method: optimal O(1/k²) on the squared field norm."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation
from minmax_jax.optimizers._shared.two_player import Transform, field_and_step
from minmax_jax.players import LearningRate, per_player
from minmax_jax.transforms.anchor import anchor
from minmax_jax.transforms.extragradient import extrapolate


class VaryingStepState(NamedTuple):
    """State of EAG-V's step sizes.

    Attributes:
      count: int32 scalar, k.
      ratio: α_k / α_0.
    """

    count: jax.Array
    ratio: jax.Array


def extra_anchored_gradient(
    learning_rate: LearningRate, *, lipschitz: float | None = None, transform: Transform = None
) -> optax.GradientTransformationExtraArgs:
    """Steps of extragradient, both drawn to the start z_0 with weight 1/(k + 2).

        z_{k+½} = z_k + (z_0 − z_k)/(k + 2) − α_k F(z_k)
        z_{k+1} = z_k + (z_0 − z_k)/(k + 2) − α_k F(z_{k+½})

    EAG-C (`lipschitz=None`): α_k = α. For monotone, L-Lipschitz F and α ≤ 1/(8L),
    ‖F(z_k)‖² ≤ 4(1 + αL + α²L²) / (α²(1 + αL)) · ‖z_0 − z*‖² / (k + 1)².

    EAG-V (`lipschitz=L`): α_0 < 3/(4L), and with a = α_k L
    α_{k+1} = α_k (1 − a² / ((1 − a²)(k + 1)(k + 3))), which falls to a positive limit; with
    α_0 = 0.618/L, ‖F(z_k)‖² ≤ 27 L² ‖z_0 − z*‖² / ((k + 1)(k + 2)).
    No method of first order has a better order in k. The bounds are recalled, and tested.

    Price: two field evaluations, at draws 0 and 1, the one passed in counted, and a copy of
    the players.

    Args:
      learning_rate: α or α_0: a number, a schedule of the update count, or `Players` of two.
        EAG-V multiplies a schedule by α_k/α_0 for the α_0 of its start.
      lipschitz: L, a Lipschitz constant of F, for EAG-V.
      transform: as in `extragradient`; its state advances at both fields.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `extragradient`; ValueError if α_0 L is above 3/4.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.extra_anchored_gradient(0.618, lipschitz=1.0)
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 1000)
      >>> bool(result.players.min**2 + result.players.max**2 < 27 * 2 / 1000**2)
      True

    References:
      Yoon, Ryu, `Accelerated algorithms for smooth convex-concave minimax problems with
      O(1/k²) rate on squared gradient norm <https://arxiv.org/abs/2102.07922>`_, 2021.
    """
    name = "extra_anchored_gradient"
    rule: optax.GradientTransformation = optax.identity()
    if lipschitz is not None:
        checks.check_learning_rate(name, learning_rate)
        checks.check_number(name, "lipschitz", lipschitz)
        rates = trees.by_side(learning_rate)
        rule = per_player(
            min=_varying_step(name, rates[0], lipschitz),
            max=_varying_step(name, rates[1], lipschitz),
        )
    on_field, step = field_and_step(name, optax.identity(), learning_rate, transform, anchor())
    tx = optax.chain(rule, step)
    return extrapolate(tx, moments="once", transform=on_field, name=name)


def _varying_step(name: str, rate: Any, lipschitz: float) -> optax.GradientTransformation:
    """Multiplies by α_k/α_0, where α_0 is the learning rate at the start."""
    checks.check_number(
        f"{name} with lipschitz=L",
        "learning_rate times lipschitz",
        rate if callable(rate) else rate * lipschitz,
        high=0.75,
    )

    def init_fn(params: PyTree) -> VaryingStepState:
        del params
        return VaryingStepState(count=trees.new_count(), ratio=jnp.ones((), float))

    def update_fn(
        updates: PyTree, state: VaryingStepState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, VaryingStepState]:
        del params, extra
        start = calls.value_at(rate, jnp.zeros((), jnp.int32)).astype(state.ratio.dtype)
        square = jnp.square(start * lipschitz * state.ratio)
        k = state.count.astype(state.ratio.dtype)
        shrink = 1 - square / ((1 - square) * (k + 1) * (k + 3))
        return jax.tree.map(lambda u: state.ratio.astype(u.dtype) * u, updates), VaryingStepState(
            count=trees.increment(state.count), ratio=state.ratio * shrink
        )

    return transformation(init_fn, update_fn)
