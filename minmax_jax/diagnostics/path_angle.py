"""Whether a field attracts along a line, or turns round it."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks, norms
from minmax_jax._util.types import FieldFn, Players


def path_angle(field_fn: FieldFn, start: Players, end: Players, positions: Any) -> jax.Array:
    """Returns the cosine between the field and a line, at points of that line.

    With `z_α = z + α (z' − z)`: `c(α) = ⟨z' − z, F(z_α)⟩ / (‖z' − z‖ ‖F(z_α)‖)`. Take z' where
    a run has ended, z where it began, and α around 1. Descent goes against F, so c switches
    from negative to positive where z' attracts, as at a minimum; a bump around α = 1 with the
    same sign on both sides is rotation.

    Price: one field evaluation (draw 0) a position, one after the other.

    Args:
      field_fn: the field.
      start: z.
      end: z', of the structure of z.
      positions: (k,) values of α; 0 is z, 1 is z', others lie beyond.

    Returns:
      (k,) cosines in [−1, 1], of the norms' dtype; zero where the field or the line is zero.

    Raises:
      TypeError, ValueError: if start or end is no `Players` of floats.

    Examples:
      A minimum attracts: the sign switches at the end of the path.

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
    checks.check_players("path_angle", "start", start)
    checks.check_players("path_angle", "end", end)
    checks.check_match("path_angle", end, start)
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
