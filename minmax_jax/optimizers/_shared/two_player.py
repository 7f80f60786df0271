"""The common end of every named optimizer: transform, rule, learning rate, projection."""

from collections.abc import Sequence
from typing import Any

import jax
import optax

from minmax_jax._util import checks
from minmax_jax._util.types import Players, PyTree, transformation
from minmax_jax.players import (
    LearningRate,
    ScalarOrSchedule,
    each_player,
    per_player,
    scale_by_rate,
)
from minmax_jax.transforms.project import Projection, ProjectState

Transform = None | optax.GradientTransformation | Sequence[optax.GradientTransformation] | Players
"""What acts on every field: a transformation, a list of them, or `Players` of either."""


def two_player(
    name: str,
    rule: optax.GradientTransformation,
    learning_rate: LearningRate,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Builds `transform → rule → −learning_rate → projections` for each player by itself.

    Args:
      name: the optimizer's name, for messages.
      rule: maps a player's field to its step at learning rate minus one.
      learning_rate: a number or schedule, or `Players` of two.
      transform: applied to every field before the rule; projections among them act on the
        finished step instead. A list keeps its order.

    Returns:
      A transformation of `Players`, or of any other tree as of one player.

    Raises:
      TypeError, ValueError: for a rate that is negative or no number, or a transform that
        is no transformation.
    """
    checks.check_learning_rate(name, learning_rate)
    if not (isinstance(learning_rate, Players) or isinstance(transform, Players)):
        return each_player(_one_player(name, rule, learning_rate, transform))
    rates, transforms = _by_side(learning_rate), _by_side(transform)
    return per_player(
        min=_one_player(name, rule, rates.min, transforms.min),
        max=_one_player(name, rule, rates.max, transforms.max),
    )


def field_and_step(
    name: str,
    rule: optax.GradientTransformation,
    learning_rate: LearningRate,
    transform: Transform = None,
    finish: optax.GradientTransformation | None = None,
) -> tuple[optax.GradientTransformationExtraArgs, optax.GradientTransformationExtraArgs]:
    """Builds `two_player` in two parts, for methods that evaluate the field at several points.

    Args:
      name: as in `two_player`, like rule, learning_rate and transform.
      rule: see there.
      learning_rate: see there.
      transform: see there.
      finish: put between the learning rate and the projections.

    Returns:
      What acts on a field, given the point where it was taken as params; and what makes a
      step of the result: `rule → −learning_rate → finish → projections`.

    Raises:
      TypeError, ValueError: as `two_player`.
    """
    checks.check_learning_rate(name, learning_rate)
    rates, parts = _by_side(learning_rate), [_split(name, t) for t in _by_side(transform)]
    last = [] if finish is None else [finish]
    return (
        per_player(min=_chain(parts[0][0]), max=_chain(parts[1][0])),
        per_player(
            min=optax.chain(rule, scale_by_rate(rates.min), *last, *parts[0][1]),
            max=optax.chain(rule, scale_by_rate(rates.max), *last, *parts[1][1]),
        ),
    )


def _chain(parts: Sequence[optax.GradientTransformation]) -> optax.GradientTransformation:
    return optax.chain(*parts) if parts else optax.identity()


def _by_side(value: Any) -> Players:
    return value if isinstance(value, Players) else Players(value, value)


def _one_player(
    name: str, rule: optax.GradientTransformation, rate: ScalarOrSchedule, transform: Transform
) -> optax.GradientTransformationExtraArgs:
    on_field, on_step = _split(name, transform)
    return optax.chain(*on_field, rule, scale_by_rate(rate), *on_step)


def _split(
    name: str, transform: Any
) -> tuple[Sequence[optax.GradientTransformation], Sequence[optax.GradientTransformation]]:
    """Parts a transform into what acts on a field and what acts on the finished step."""
    if transform is None:
        return [], []
    single = isinstance(transform, optax.GradientTransformation)  # a NamedTuple, so a tuple too
    if not single and not isinstance(transform, list | tuple):
        raise TypeError(
            f"{name}: transform must be an Optax gradient transformation, a list of them, or "
            f"Players(min=..., max=...) of either, got {transform!r}."
        )
    parts = [transform] if single else list(transform)
    for part in parts:
        checks.check_transformation(name, "transform", part)
    on_step = [part for part in parts if isinstance(part, Projection)]
    on_field = [_without_projection(name, p) for p in parts if not isinstance(p, Projection)]
    return on_field, on_step


def _without_projection(
    name: str, tx: optax.GradientTransformation
) -> optax.GradientTransformationExtraArgs:
    """Refuses a projection hidden in a chain, where it would project a field."""
    tx = optax.with_extra_args_support(tx)

    def init_fn(params: PyTree) -> Any:
        state = tx.init(params)
        parts = jax.tree.leaves(state, is_leaf=lambda node: isinstance(node, ProjectState))
        if any(isinstance(part, ProjectState) for part in parts):
            raise ValueError(
                f"{name}: transform has a project inside a chain, where it would act on the "
                "field and not on the step; pass a list instead of the chain: "
                "transform=[..., mm.project(...)]."
            )
        return state

    return transformation(init_fn, tx.update)


def projections(name: str, transform: Transform) -> optax.GradientTransformationExtraArgs:
    """Returns what a transform does to a finished step: the projections among it."""
    parts = [_split(name, side)[1] for side in _by_side(transform)]
    return per_player(min=_chain(parts[0]), max=_chain(parts[1]))
