"""A constraint with a differentiable surrogate (proxy constraints)."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks
from minmax_jax._util.types import PyTree


@dataclasses.dataclass(frozen=True)
class Proxy:
    """A constraint that is replaced by a differentiable surrogate in derivatives.

    Use it for a quantity such as accuracy, whose derivative is zero or does not exist. The
    multipliers see the values of `true`, and x descends the derivative of `surrogate`.

    Attributes:
      true: Constraint function, with the arguments of `inequality` and `equality` of
        `constrained`. It may return integers or bools, and it is never differentiated.
      surrogate: Differentiable function of the same arguments. It returns floating-point
        arrays in the structure and shapes of `true`.

    Examples:
      The multiplier sees the share of wrong predictions, and x a hinge loss:

      >>> import jax, jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> scores, limit = jnp.array([1.0, -0.5, 2.0, 0.1]), 0.25
      >>> wrong = mm.Proxy(
      ...     true=lambda x: jnp.mean(scores + x < 0) - limit,
      ...     surrogate=lambda x: jnp.mean(jax.nn.relu(1 - scores - x)) - limit,
      ... )
      >>> problem = mm.constrained(lambda x: x**2, inequality=wrong)
      >>> field = problem.field_fn(problem.init(0.0)._replace(max=mm.Multipliers(2.0)))
      >>> print(field.min, field.max.inequality)
      -1.0 -0.0

    References:
      Cotter et al., `Optimization with non-differentiable constraints with applications to
      fairness, recall, churn, and other goals <https://arxiv.org/abs/1809.04198>`_, 2019.
    """

    true: Callable[..., Any]
    surrogate: Callable[..., Any]

    def __call__(self, x: PyTree, *draw: Any) -> PyTree:
        """Returns the values of `true` with the derivatives of `surrogate`."""
        surrogate = self.surrogate(x, *draw)
        # Without derivatives of its argument, `true` may contain functions that have none.
        true = self.true(lax.stop_gradient(x), *draw)
        trees = {"true(x)": true, "surrogate(x)": surrogate}
        advice = "Return one value per constraint from both."
        checks.check_same_structure("Proxy", trees, advice, exact=True)
        checks.check_floats("Proxy", "surrogate(x)", surrogate)
        return jax.tree.map(
            lambda t, s: _value_of(jnp.asarray(t).astype(jnp.result_type(s)), jnp.asarray(s)),
            true,
            surrogate,
        )


@jax.custom_jvp
def _value_of(true: jax.Array, surrogate: jax.Array) -> jax.Array:
    del surrogate
    return true


@_value_of.defjvp
def _(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    return _value_of(*primals), tangents[1]
