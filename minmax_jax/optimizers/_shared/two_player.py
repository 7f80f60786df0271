"""Pipeline of the optimizers: transform, rule, learning rate and projection."""

from collections.abc import Callable
from typing import Any

import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import Players, PyTree
from minmax_jax.players import (
    LearningRate,
    ScalarOrSchedule,
    each_player,
    per_player,
    scale_by_learning_rate,
)
from minmax_jax.transforms.project import project

Transform = None | optax.GradientTransformation | Players
"""A transformation of every field, or `Players` of transformations or None."""

Projection = None | Callable[[PyTree], PyTree] | Players
"""A projection of one player's parameters, or `Players` of functions or None."""


def two_player(
    name: str,
    rule: optax.GradientTransformation,
    learning_rate: LearningRate,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Creates an optimizer of both players from the parts of its pipeline.

    It applies `transform`, `rule`, the learning rate and the projection to each player, in this
    order.

    Args:
      name: Name of the optimizer for error messages.
      rule: Transformation from a player's field to its update direction, before multiplication
        by minus the learning rate, for example `optax.scale_by_adam()`.
      learning_rate: A number, a schedule of the update count, or `Players` of two.
      transform: Transformation applied to the field before `rule`.
      projection: Projection onto the constraint set.

    Returns:
      A transformation of `Players`. Any other pytree is treated as one player.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative.
    """
    checks.check_learning_rate(name, learning_rate)

    def one_player(
        learning_rate: ScalarOrSchedule, transform: Transform, projection: Projection
    ) -> optax.GradientTransformation:
        return optax.chain(
            calls.on_field(name, transform),
            rule,
            scale_by_learning_rate(learning_rate),
            _on_step(name, projection),
        )

    arguments = (learning_rate, transform, projection)
    if not any(isinstance(argument, Players) for argument in arguments):
        return each_player(name, one_player(*arguments))
    of_min, of_max = zip(*map(trees.by_side, arguments), strict=True)
    return per_player(min=one_player(*of_min), max=one_player(*of_max))


def field_and_step(
    name: str,
    rule: optax.GradientTransformation,
    learning_rate: LearningRate,
    transform: Transform = None,
    projection: Projection = None,
    finish: optax.GradientTransformation | None = None,
) -> tuple[optax.GradientTransformationExtraArgs, optax.GradientTransformationExtraArgs]:
    """Builds the pipeline in two parts, for methods that evaluate the field at several points.

    Args:
      name: Name of the optimizer for error messages.
      rule: Transformation from a player's field to its update direction, before multiplication
        by minus the learning rate, for example `optax.scale_by_adam()`.
      learning_rate: A number, a schedule of the update count, or `Players` of two.
      transform: Transformation applied to every field before `rule`.
      projection: Projection onto the constraint set.
      finish: Transformation between the learning rate and the projection.

    Returns:
      Two transformations of `Players`. The first applies `transform` to a field; its `params`
      are the point at which the field was evaluated. The second applies `rule`, the learning
      rate, `finish` and the projection, in this order.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative.
    """
    checks.check_learning_rate(name, learning_rate)
    finish = optax.identity() if finish is None else finish

    def step(learning_rate: ScalarOrSchedule, projection: Projection) -> Any:
        return optax.chain(
            rule, scale_by_learning_rate(learning_rate), finish, _on_step(name, projection)
        )

    transforms = trees.by_side(transform)
    min_step, max_step = map(step, trees.by_side(learning_rate), trees.by_side(projection))
    return (
        per_player(
            min=calls.on_field(name, transforms.min), max=calls.on_field(name, transforms.max)
        ),
        per_player(min=min_step, max=max_step),
    )


def project_players(name: str, projection: Projection) -> optax.GradientTransformationExtraArgs:
    """Returns the last part of the pipeline alone: the projection of each player."""
    projections = trees.by_side(projection)
    return per_player(min=_on_step(name, projections.min), max=_on_step(name, projections.max))


def _on_step(name: str, projection: Any) -> optax.GradientTransformation:
    return optax.identity() if projection is None else project(projection, name=name)
