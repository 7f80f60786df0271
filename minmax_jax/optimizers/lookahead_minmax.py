"""Lookahead–minmax: any method, which goes back part of the way every k steps."""

from collections.abc import Callable
from typing import Any

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import Transform
from minmax_jax.optimizers.sgda import sgda
from minmax_jax.players import LearningRate
from minmax_jax.transforms.lookahead import lookahead


def lookahead_minmax(
    learning_rate: LearningRate,
    *,
    base: Callable[..., optax.GradientTransformation] = sgda,
    sync_period: int = 5,
    slow_step: Any = 0.5,
    nested_period: int | None = None,
    nested_step: Any = None,
    anchor: str = "start",
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Lets `base` make k steps, then sets `z = s + α (z − s)`, s where the period began.

    On f = xy with `sgda`, rate η, a period multiplies x + iy by 1 − α + α (1 + iη)ᵏ: it
    converges where that is below one in modulus. k = α = 1 is `base`. Price: that of `base`,
    and a copy of the players for each of the one or two levels.

    Args:
      learning_rate: that of `base`: a number, a schedule of the update count, or `Players`.
      base: `base(learning_rate, transform=...)`, the method within: `mm.extragradient`, or
        `functools.partial(mm.adam_gda, b1=0.5)`.
      sync_period: k, a Python int.
      slow_step: α in [0, 1], or a schedule of the update count.
      nested_period: K, a multiple of k, for nested lookahead (recalled): every K steps, after going
        back as above, go back likewise towards where these K steps began.
      nested_step: the α of the nested level; None: slow_step.
      anchor: "start": the first slow point is the start, as in the paper; "lazy": the first
        synchronisation, as in the released class. For both levels.
      transform: as in `sgda`, handed to `base`.

    Returns:
      A transformation of `Players`; `update` needs `params`, and what `base` needs.

    Raises:
      TypeError: if base is no factory of transformations, or a period no int.
      ValueError: for an argument out of range, a nested_period that is no multiple of
        sync_period, or a nested_step without nested_period.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.lookahead_minmax(0.3), field_fn, mm.Players(1.0, 1.0), 500)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Chavdarova, Pagliardini, Stich, Fleuret, Jaggi, `Taming GANs with lookahead–minmax
      <https://arxiv.org/abs/2006.14567>`_, 2021.
    """
    name = "lookahead_minmax"
    if not callable(base):
        raise TypeError(
            f"{name}: base must be a function (learning_rate, transform=) that returns an "
            f"optimizer, such as mm.extragradient, got {base!r}."
        )
    checks.check_learning_rate(name, learning_rate)
    tx = lookahead(
        base(learning_rate, transform=transform),
        sync_period,
        slow_step,
        anchor=anchor,
        name=name,
    )
    if nested_period is None:
        if nested_step is not None:
            raise ValueError(f"{name}: nested_step is given without nested_period; give both.")
        return tx
    checks.check_count(name, "nested_period", nested_period)
    if nested_period % sync_period:
        raise ValueError(
            f"{name}: nested_period must be a multiple of sync_period={sync_period}, "
            f"got {nested_period}."
        )
    outer_step = slow_step if nested_step is None else nested_step
    return lookahead(tx, nested_period, outer_step, anchor=anchor, name=name)
