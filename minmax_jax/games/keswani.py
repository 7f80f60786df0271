"""Three planar test functions for the greedy min-max method."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import checks
from minmax_jax._util.types import Players
from minmax_jax.field import payoff, zero_sum
from minmax_jax.games._game import Game

SOURCE = "Keswani, Mangoubi, Sachdeva, Vishnoi, arXiv 2006.12376, 2022, low-dimensional tests"


def keswani(name: str = "F1") -> Game:
    """Creates one of the planar test functions of the greedy min-max method.

        F1 = −3x² − y² + 4xy
        F2 = 3x² + y² + 4xy
        F3 = (4x² − (y − 3x + x³/20)² − y⁴/10) · exp(−(x² + y²)/100)

    The min-max point of F1 and F3 is the origin; for example, max_y F1 = x². Both are concave
    in x there, so the origin is not a Nash equilibrium. Gradient descent–ascent diverges on F1
    and cycles on F3. F2 has no min-max point, because sup_y F2 is infinite, but gradient
    descent–ascent converges to the origin.

    Args:
      name: `"F1"`, `"F2"` or `"F3"`.

    Returns:
      A `Game` of two scalars that starts at (5.5, 5.5). Its solution is the min-max point (the
      min player moves first), or None for F2.

    Raises:
      ValueError: If `name` is unknown.

    Examples:
      Gradient descent–ascent diverges from the min-max point 0 of F1:

      >>> import minmax_jax as mm
      >>> game = mm.games.keswani("F1")
      >>> end = mm.solve(mm.sgda(0.05), game.field_fn, game.start, 100).players
      >>> bool(abs(end.min) > 100)
      True

    References:
      Keswani, Mangoubi, Sachdeva, Vishnoi, `A convergent and dimension-independent min-max
      optimization algorithm <https://arxiv.org/abs/2006.12376>`_, 2022.
    """
    checks.check_choice("keswani", "name", name, tuple(_PAYOFFS))
    function = _PAYOFFS[name]

    def value(z: Players) -> jax.Array:
        return function(z.min, z.max)

    start = Players(jnp.asarray(5.5), jnp.asarray(5.5))
    solution = None if name == "F2" else Players(jnp.zeros(()), jnp.zeros(()))
    return Game(zero_sum(value), payoff(value), start, solution, source=SOURCE)


def _f1(x: Any, y: Any) -> Any:
    return -3 * x**2 - y**2 + 4 * x * y


def _f2(x: Any, y: Any) -> Any:
    return 3 * x**2 + y**2 + 4 * x * y


def _f3(x: Any, y: Any) -> Any:
    inner = 4 * x**2 - (y - 3 * x + 0.05 * x**3) ** 2 - 0.1 * y**4
    return inner * jnp.exp(-0.01 * (x**2 + y**2))


_PAYOFFS: dict[str, Callable[[Any, Any], Any]] = {"F1": _f1, "F2": _f2, "F3": _f3}
