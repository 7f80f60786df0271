"""Constraints: a step ends at the projection of where it would have ended."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import optax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import PyTree, transformation


class ProjectState(NamedTuple):
    """State of `project`: empty, but its type tells where a projection stands."""


class Projection(optax.GradientTransformationExtraArgs):
    """A transformation made by `project`: it acts on a finished step, never on a field."""

    __slots__ = ()


def project(projection: Callable[[PyTree], PyTree], *, name: str = "project") -> Projection:
    """Replaces the step u by `P(z + u) − z`, so that the next point is feasible.

    Place it last in a chain, after the learning rate. Inside a method's `tx` it projects
    the trial points too (projected extragradient); in `transform=` of a named optimizer it
    is put behind the learning rate by itself. The player's params have to be feasible at
    the start: the first field is taken where they are.

    Args:
      projection: `projection(params) -> params`, such as those of `optax.projections`.
        Given `Players`, each player's tree is projected by itself; for constraints that
        differ, use one `project` in each side of `per_player` or of `transform`.
      name: Name used in error messages.

    Returns:
      A stateless Optax transformation; its `update` needs `params`.

    Raises:
      TypeError: if projection is not callable.
      ValueError: in `update`, if params is missing or has another tree structure.

    Examples:
      >>> import jax.numpy as jnp, optax
      >>> import minmax_jax as mm
      >>> box = mm.project(lambda x: jnp.clip(x, -1.0, 1.0))
      >>> tx = optax.chain(optax.sgd(1.0), box)
      >>> x = jnp.array(0.5)
      >>> u, _ = tx.update(jnp.array(-9.0), tx.init(x), x)
      >>> print(optax.apply_updates(x, u))
      1.0
    """
    if not callable(projection):
        raise TypeError(
            f"{name}: projection must be a function from params to params, got {projection!r}."
        )

    def init_fn(params: PyTree) -> ProjectState:
        checks.check_floats(name, "params", params)
        return ProjectState()

    def update_fn(
        updates: PyTree, state: ProjectState, params: PyTree | None = None, **extra: object
    ) -> tuple[PyTree, ProjectState]:
        del extra
        if params is None:
            raise ValueError(
                f"{name}: update needs params, the point that the step starts from: "
                "tx.update(updates, state, params)."
            )
        checks.check_match(name, updates, params)
        feasible = trees.each_player(projection, optax.apply_updates(params, updates))
        return jax.tree.map(lambda p, z: p - z, feasible, params), state

    return Projection(*transformation(init_fn, update_fn))
