"""Adam and AMSGrad steps with bias correction before or after adding eps."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import PyTree, transformation
from minmax_jax.optimizers._shared.adam import adam_step, check_adam, in_float32

CORRECTIONS = ("first", "last")


class LateAdamState(NamedTuple):
    """State of Adam or AMSGrad with bias correction after eps is added.

    Attributes:
      count: Number of calls so far (int32 scalar).
      mu: Running mean of the gradients.
      nu: Running mean of the squared gradients.
      nu_max: Largest `nu` so far, or None without AMSGrad.
    """

    count: jax.Array
    mu: Any
    nu: Any
    nu_max: Any


def corrected_step(
    name: str,
    b1: float,
    b2: float,
    eps: float,
    eps_root: float,
    correction: str,
    *,
    amsgrad: bool,
) -> optax.GradientTransformation:
    """Creates Adam's or AMSGrad's transformation, with bias correction before or after adding eps.

    Here m̂ is the corrected first moment, n the second moment, and c = 1 − b2ᵗ. For `"first"`,
    as in Optax, the step is `m̂ / (√(n̂ + eps_root) + eps)` with n̂ = n / c; AMSGrad takes the
    largest n̂ so far. For `"last"`, as in the published PyTorch code of extra-Adam, it is
    `m̂ √c / (√(n + eps_root) + eps)`; AMSGrad takes the largest n so far.
    """
    checks.check_choice(name, "correction", correction, CORRECTIONS)
    if correction == "last":
        check_adam(name, b1, b2, eps, eps_root)
        return in_float32(name, _late_adam(b1, b2, eps, eps_root, amsgrad), LateAdamState)
    step = amsgrad_step if amsgrad else adam_step
    return step(name, b1, b2, eps, eps_root=eps_root)


def amsgrad_step(
    name: str, b1: float, b2: float, eps: float, *, eps_root: float
) -> optax.GradientTransformation:
    """Creates the transformation of gradients into AMSGrad's directions.

    The direction is `m̂ / (√(n + eps_root) + eps)`, where n is the largest v̂ so far.
    """
    check_adam(name, b1, b2, eps, eps_root)
    amsgrad = optax.scale_by_amsgrad(b1, b2, eps, eps_root)
    return in_float32(name, amsgrad, optax.ScaleByAmsgradState)


def _late_adam(
    b1: float, b2: float, eps: float, eps_root: float, amsgrad: bool
) -> optax.GradientTransformation:
    def init_fn(params: PyTree) -> LateAdamState:
        return LateAdamState(
            count=trees.new_count(),
            mu=optax.tree.zeros_like(params),
            nu=optax.tree.zeros_like(params),
            nu_max=optax.tree.zeros_like(params) if amsgrad else None,
        )

    def update_fn(
        updates: PyTree, state: LateAdamState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, LateAdamState]:
        del params, extra
        count = trees.increment(state.count)
        mu = optax.tree.update_moment(updates, state.mu, b1, 1)
        nu = optax.tree.update_moment_per_elem_norm(updates, state.nu, b2, 2)
        nu_max = jax.tree.map(jnp.maximum, state.nu_max, nu) if amsgrad else None
        missing = [1 - jnp.asarray(b, float) ** count.astype(float) for b in (b1, b2)]
        scale = jnp.sqrt(missing[1]) / missing[0]
        step = jax.tree.map(
            lambda m, n: m * scale.astype(m.dtype) / (jnp.sqrt(n + eps_root) + eps),
            mu,
            nu_max if amsgrad else nu,
        )
        return step, LateAdamState(count=count, mu=mu, nu=nu, nu_max=nu_max)

    return transformation(init_fn, update_fn)
