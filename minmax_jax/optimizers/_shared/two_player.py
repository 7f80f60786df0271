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
    per_side,
    scale_by_learning_rate,
)
from minmax_jax.transforms.exponentiate import EntropicStep
from minmax_jax.transforms.project import project

Transform = None | optax.GradientTransformation | Players
"""A transformation of every field, or `Players` of transformations or None."""

Projection = None | Callable[[PyTree], PyTree] | EntropicStep | Players
"""A projection of one player's parameters, `exponentiate()` in its place, or `Players` of these or
None."""

_Named = tuple[Any, str]
"""One player's value of an argument, and its name in error messages."""


def two_player(
    name: str,
    rule: optax.GradientTransformation,
    learning_rate: LearningRate,
    transform: Transform = None,
    projection: Projection = None,
    finish: optax.GradientTransformation | None = None,
) -> optax.GradientTransformationExtraArgs:
    """Creates an optimizer of both players from the parts of its pipeline.

    It applies `transform`, `rule`, the learning rate, `finish` and the projection to each player,
    in this order.

    Args:
      name: Name of the optimizer for error messages.
      rule: Transformation from a player's field to its update direction, before multiplication
        by minus the learning rate, for example `optax.scale_by_adam()`.
      learning_rate: A number, a schedule of the update count, or `Players` of two.
      transform: Transformation applied to the field before `rule`.
      projection: Projection onto the constraint set.
      finish: Transformation between the learning rate and the projection, or None for no part.

    Returns:
      A transformation of `Players`. Any other pytree is treated as one player.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite.
    """
    learning_rate = checks.check_learning_rate(name, learning_rate)
    finishes = () if finish is None else (finish,)

    def one_player(
        learning_rate: ScalarOrSchedule, transform: _Named, projection: _Named
    ) -> optax.GradientTransformation:
        return calls.chain(
            name,
            calls.on_field(name, *transform),
            rule,
            scale_by_learning_rate(learning_rate, name),
            *finishes,
            _on_step(name, *projection),
        )

    arguments = (learning_rate, transform, projection)
    sides = (
        trees.by_side(learning_rate),
        _named_sides("transform", transform),
        _named_sides("projection", projection),
    )
    of_min, of_max = zip(*sides, strict=True)
    if not any(isinstance(argument, Players) for argument in arguments):
        return each_player(name, one_player(*of_min))
    return per_side(name, one_player(*of_min), one_player(*of_max))


def field_and_step(
    name: str,
    rule: optax.GradientTransformation,
    learning_rate: LearningRate,
    transform: Transform = None,
    projection: Projection = None,
    finish: optax.GradientTransformation | None = None,
    argument: str = "learning_rate",
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
      argument: Name of the argument `learning_rate` in error messages.

    Returns:
      Two transformations of `Players`. The first applies `transform` to a field; its `params`
      are the point at which the field was evaluated. The second applies `rule`, the learning
      rate, `finish` and the projection, in this order.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite.
    """
    learning_rate = checks.check_learning_rate(name, learning_rate, argument)
    finish = optax.identity() if finish is None else finish

    def step(learning_rate: ScalarOrSchedule, projection: _Named) -> Any:
        return calls.chain(
            name,
            rule,
            scale_by_learning_rate(learning_rate, name),
            finish,
            _on_step(name, *projection),
        )

    min_field, max_field = (
        calls.on_field(name, *named) for named in _named_sides("transform", transform)
    )
    steps = map(step, trees.by_side(learning_rate), _named_sides("projection", projection))
    return per_side(name, min_field, max_field), per_side(name, *steps)


def two_sides(
    name: str,
    learning_rate: LearningRate,
    transform: Transform = None,
    projection: Projection = None,
    wrap: Players | None = None,
) -> Players:
    """Builds gradient descent of each player, for methods that update them one after the other.

    Args:
      name: Name of the optimizer for error messages.
      learning_rate: A number, a schedule of the update count, or `Players` of two.
      transform: Transformation applied to the field before the learning rate.
      projection: Projection onto the constraint set.
      wrap: `Players` of two functions, applied to the learning rate and projection of a player.

    Returns:
      `Players` of two transformations of one player's tree.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite.
    """
    learning_rate = checks.check_learning_rate(name, learning_rate)

    def side(
        learning_rate: ScalarOrSchedule, transform: _Named, projection: _Named, wrap: Any
    ) -> Any:
        step = calls.chain(
            name, scale_by_learning_rate(learning_rate, name), _on_step(name, *projection)
        )
        return calls.chain(name, calls.on_field(name, *transform), wrap(step) if wrap else step)

    return Players(
        *map(
            side,
            trees.by_side(learning_rate),
            _named_sides("transform", transform),
            _named_sides("projection", projection),
            trees.by_side(wrap),
        )
    )


def project_players(name: str, projection: Projection) -> optax.GradientTransformationExtraArgs:
    """Returns the last part of the pipeline alone: the projection of each player."""
    steps = (_on_step(name, *named) for named in _named_sides("projection", projection))
    return per_side(name, *steps)


def _on_step(name: str, projection: Any, argument: str) -> optax.GradientTransformation:
    if projection is None:
        return optax.identity()
    if isinstance(projection, EntropicStep):
        return projection
    checks.check_projection(name, argument, projection)
    return project(projection, name=name)


def _named_sides(argument: str, value: Any) -> Players:
    """Returns the value of an argument for each player with its name."""
    if isinstance(value, Players):
        return Players((value.min, f"{argument}.min"), (value.max, f"{argument}.max"))
    return Players((value, argument), (value, argument))
