"""Cosine between the field and a line, to tell attraction from rotation."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks, norms
from minmax_jax._util.types import FieldFn, Players


def path_angle(field_fn: FieldFn, start: Players, end: Players, positions: Any) -> jax.Array:
    """Computes the cosine between the field and a line, at points of the line.

    With `z_α = z + α (z' − z)`, the cosine is `c(α) = ⟨z' − z, F(z_α)⟩ / (‖z' − z‖ ‖F(z_α)‖)`.
    Choose z as the start of a run, z' as its end, and values of α around 1. Methods descend
    F, so c changes from negative to positive at α = 1 if z' attracts, as a minimum does. A
    bump around α = 1 with the same sign on both sides indicates rotation.

    **Cost.** One field evaluation (sample index 0) per position, one after the other.

    Args:
      field_fn: Vector field of the game.
      start: Point z.
      end: Point z', with the tree structure of `start`.
      positions: Values of α, of shape (k,). 0 is `start` and 1 is `end`.

    Returns:
      Cosines in [−1, 1], of shape (k,). They are zero where the field or the line is zero.

    Raises:
      TypeError: If `start` or `end` is not `Players`, or has leaves that are not
        floating-point.
      ValueError: If a player has no leaves, or the tree structures differ.

    Examples:
      A minimum attracts, so the sign changes at the end of the path:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min**2 - z.max**2)
      >>> z, end = mm.Players(2.0, 2.0), mm.Players(0.0, 0.0)
      >>> print(mm.diagnostics.path_angle(field_fn, z, end, jnp.array([0.5, 1.5])).round(3))
      [-1.  1.]

    References:
      Berard, Gidel, Almahairi, Vincent, Lacoste-Julien, `A closer look at the optimization
      landscapes of generative adversarial networks <https://arxiv.org/abs/1906.04848>`_, 2020.
    """
    field_fn = checks.check_game_function("path_angle", "field_fn", field_fn)
    checks.check_players("path_angle", "start", start)
    checks.check_players("path_angle", "end", end)
    checks.check_same_structure(
        "path_angle", {"end": end, "start": start}, "Pass two points of one game."
    )
    start = jax.tree.map(jnp.asarray, start)
    line = jax.tree.map(lambda a, b: b - a, start, end)
    along = norms.tree_norm(line)

    def cosine(position: jax.Array) -> jax.Array:
        point = jax.tree.map(lambda z, d: z + position.astype(d.dtype) * d, start, line)
        field = field_fn(point, 0)
        size = norms.tree_norm(field)
        products = jax.tree.map(
            lambda f, d: jnp.sum(norms.unit(f, size) * norms.unit(d, along)), field, line
        )
        total = sum(jax.tree.leaves(products), jnp.zeros((), size.value.dtype))
        return total.astype(size.value.dtype)

    return lax.map(cosine, jnp.asarray(positions, along.value.dtype))
