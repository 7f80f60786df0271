"""Update directions of Adam, with or without bias correction, and their norms."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.types import PyTree, transformation


class UncorrectedAdamState(NamedTuple):
    """State of Adam without bias correction.

    Attributes:
      mu: Running mean of the gradients, in float32 for float16 leaves.
      nu: Running mean of the squared gradients, in float32 for float16 leaves.
    """

    mu: Any
    nu: Any


def adam_step(
    name: str,
    b1: float,
    b2: float,
    eps: float,
    bias_correction: bool = True,
    *,
    eps_root: float = 0.0,
    nesterov: bool = False,
) -> optax.GradientTransformation:
    """Creates the transformation of gradients into Adam's directions, without a learning rate.

    The direction is `A = m̂ / (√(v̂ + eps_root) + eps)`, with m and v in place of m̂ and v̂ without
    bias correction. Error messages start with `name`. `nesterov` changes m̂ as in `optax.nadam`,
    and has no effect without bias correction.
    """
    check_adam(name, b1, b2, eps, eps_root)
    checks.check_choice(name, "bias_correction", bias_correction, (True, False))
    checks.check_choice(name, "nesterov", nesterov, (True, False))
    if not bias_correction:
        return in_float32(name, _uncorrected(b1, b2, eps, eps_root), UncorrectedAdamState)
    adam = optax.scale_by_adam(b1, b2, eps, eps_root, nesterov=nesterov)
    return in_float32(name, adam, optax.ScaleByAdamState)


def in_float32(
    name: str, tx: optax.GradientTransformation, kind: type
) -> optax.GradientTransformationExtraArgs:
    """Computes the steps of `tx` for float16 leaves in float32, and stores its state in float32.

    In float16, squares below 6e-8 and typical values of eps are zero, so a zero gradient would
    lead to 0/0. The steps are cast back to float16. Leaves of other dtypes are unchanged. Error
    messages about states that are not of type `kind`, or were made for another tree, start with
    `name`.
    """

    def init_fn(params: PyTree) -> Any:
        return tx.init(trees.widen_float16(params))

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, Any]:
        del extra
        checks.check_state(name, state, kind, updates, *_moments(kind))
        params = None if params is None else trees.widen_float16(params)
        steps, state = tx.update(trees.widen_float16(updates), state, params)
        return jax.tree.map(_as_narrow_as, steps, updates), state

    return transformation(init_fn, update_fn)


def _moments(kind: Any) -> tuple[str, ...]:
    """Returns the names of the attributes of an Adam state that are shaped like the parameters."""
    return tuple(field for field in kind._fields if field != "count")


def _as_narrow_as(step: Any, update: Any) -> Any:
    return step.astype(update.dtype) if getattr(update, "dtype", None) == jnp.float16 else step


def adam_norms(
    name: str,
    b1: float,
    b2: float,
    eps: float,
    bias_correction: bool = True,
    *,
    eps_root: float = 0.0,
) -> optax.GradientTransformation:
    """Creates a transformation whose update is the list of the norms ‖A_k‖ of all leaves.

    Use it as `magnitude` of `graft`. A is the direction of `adam_step`, and the state is the same.
    The bias corrections c₁ = 1 − b1ᵗ and c₂ = 1 − b2ᵗ are factored out of the sums,
    `A = (√c₂ / c₁) · m / (√(v + c₂ eps_root) + √c₂ eps)`, because otherwise XLA's CPU backend
    writes each corrected moment to memory.
    """
    tx = adam_step(name, b1, b2, eps, bias_correction, eps_root=eps_root)
    kind = optax.ScaleByAdamState if bias_correction else UncorrectedAdamState

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[Sequence[norms.ScaledNorm], Any]:
        del params, extra
        checks.check_state(name, state, kind, updates, *_moments(kind))
        updates = trees.widen_float16(updates)
        mu = optax.tree.update_moment(updates, state.mu, b1, 1)
        nu = optax.tree.update_moment_per_elem_norm(updates, state.nu, b2, 2)
        state = state._replace(mu=mu, nu=nu)
        factor, root, inside = 1.0, 1.0, eps_root
        if bias_correction:
            state = state._replace(count=trees.increment(state.count))
            count = state.count.astype(float)  # Strict promotion of dtypes refuses an int.
            missing = 1 - b2**count
            root, inside = jnp.sqrt(missing), eps_root * missing
            factor = root / (1 - b1**count)

        # Without eps_root, no addition is compiled.
        inside = None if isinstance(eps_root, int | float) and eps_root == 0 else inside
        lengths = _norms_of_ratios(mu, nu, eps * root, inside)
        return [n._replace(value=(factor * n.value).astype(n.value.dtype)) for n in lengths], state

    return transformation(tx.init, update_fn)


@jax.jit  # Compiles once if the optimizer is called outside of a compiled program.
def _norms_of_ratios(mu: PyTree, nu: PyTree, eps: Any, eps_root: Any) -> list[norms.ScaledNorm]:
    """Returns the norms of `m / (√(v + eps_root) + eps)`."""

    def ratio(m: jax.Array, v: jax.Array) -> jax.Array:
        v = v if eps_root is None else v + jnp.asarray(eps_root, v.dtype)
        return m / (jnp.sqrt(v) + jnp.asarray(eps, v.dtype))

    return norms.computed_norms(ratio, mu, nu)


def check_adam(name: str, b1: float, b2: float, eps: float, eps_root: float) -> None:
    """Raises an error if `b1` or `b2` is not in [0, 1), or `eps` or `eps_root` is negative."""
    for argument, value in (("b1", b1), ("b2", b2)):
        checks.check_number(name, argument, value, below=1.0, schedule=False)
    for argument, value in (("eps", eps), ("eps_root", eps_root)):
        checks.check_number(name, argument, value, schedule=False)


def _uncorrected(b1: float, b2: float, eps: float, eps_root: float) -> optax.GradientTransformation:
    def init_fn(params: PyTree) -> UncorrectedAdamState:
        return UncorrectedAdamState(
            mu=optax.tree.zeros_like(params), nu=optax.tree.zeros_like(params)
        )

    def update_fn(
        updates: PyTree, state: UncorrectedAdamState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, UncorrectedAdamState]:
        del params, extra
        mu = optax.tree.update_moment(updates, state.mu, b1, 1)
        nu = optax.tree.update_moment_per_elem_norm(updates, state.nu, b2, 2)
        step = jax.tree.map(lambda m, v: m / (jnp.sqrt(v + eps_root) + eps), mu, nu)
        return step, UncorrectedAdamState(mu=mu, nu=nu)

    return transformation(init_fn, update_fn)
