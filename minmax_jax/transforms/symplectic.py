"""Symplectic gradient adjustment, which counteracts the field's rotational part."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation

MEANS = ("dimension", "tensors")


class SymplecticState(NamedTuple):
    """State of `add_symplectic`.

    Attributes:
      count: Number of updates so far (int32 scalar): the argument of a weight schedule, unless
        `update` receives `update_count=`.
    """

    count: jax.Array


def add_symplectic(
    weight: Any = 1.0,
    align: bool = True,
    *,
    eps: float = 0.1,
    mean_over: str = "dimension",
    name: str = "add_symplectic",
) -> optax.GradientTransformationExtraArgs:
    """Adds the symplectic gradient adjustment to the field: `F + λ AᵀF`.

    A = ½(J − Jᵀ) is the antisymmetric part of the Jacobian J. The adjustment
    `AᵀF = ½(JᵀF − JF)` is orthogonal to F. In a Hamiltonian game, where J = A, it is the
    gradient of ½‖F‖². With `align`, the sign of λ = ± weight is chosen so that stable fixed
    points attract and unstable ones repel:

        λ = weight · sign(⟨F, ∇H⟩ ⟨AᵀF, ∇H⟩ / d + eps),    ∇H = JᵀF, the gradient of ½‖F‖²

    In the paper, d is the dimension of the game. In the published notebook, it is the number of
    tensors. `mean_over` selects one of the two definitions. They give different signs if
    ⟨F, ∇H⟩ ⟨AᵀF, ∇H⟩ is between −dimension·eps and −(number of tensors)·eps. All terms
    are evaluated at z with sample index 0.

    **Cost.** One field evaluation, one JVP and one VJP, with or without `align`. F is a
    by-product of the linearization, so the field passed in is not used, and XLA removes its
    evaluation. Transformations before `add_symplectic` have no effect: place it first in a chain,
    before clipping, weight decay, Adam and the learning rate.

    Args:
      weight: Size of λ: a nonnegative number or a schedule of the update count. The paper and
        the notebook use 1.
      align: Whether to apply the sign rule. If False, λ = weight.
      eps: Constant that favors a positive sign. Both references use 0.1.
      mean_over: `"dimension"` if d is the number of parameters, `"tensors"` if it is the number
        of leaves.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `weight` or `eps` is not a number.
      ValueError: If `weight` or `eps` is negative, `align` is not a bool, or `mean_over` is
        unknown. In `update`, if params or field_fn is missing, or `optax.masked` hides
        parameters.

    Examples:
      On f = xy, gradient descent–ascent diverges, but it converges with the adjustment:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = optax.chain(mm.add_symplectic(1.0), optax.sgd(0.5))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 50)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Balduzzi, Racanière, Martens, Foerster, Tuyls, Graepel, `The mechanics of n-player
      differentiable games <https://arxiv.org/abs/1802.05642>`_, 2018.
    """
    weight = checks.check_number(name, "weight", weight)
    checks.check_number(name, "eps", eps, schedule=False)
    checks.check_choice(name, "align", align, (True, False))
    checks.check_choice(name, "mean_over", mean_over, MEANS)

    def init_fn(params: Players) -> SymplecticState:
        checks.check_whole_players(name, "params", params)
        return SymplecticState(count=trees.new_count())

    def update_fn(
        updates: Players,
        state: SymplecticState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[Players, SymplecticState]:
        del extra
        players, field_of = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, SymplecticState)
        z = jax.tree.map(jnp.asarray, players)
        field, jvp = jax.linearize(lambda z: field_of(z, 0), z)
        (consensus,) = jax.linear_transpose(jvp, z)(field)  # Jᵀ F
        adjustment = jax.tree.map(lambda h, g: 0.5 * (h - g), consensus, jvp(field))
        size = calls.value_at(weight, state.count if update_count is None else update_count)
        if align:
            sign = _sign(field, adjustment, consensus, eps, mean_over)
            size = size.astype(sign.dtype) * sign
        direction = jax.tree.map(lambda f, a: f + size.astype(f.dtype) * a, field, adjustment)
        return direction, SymplecticState(count=trees.increment(state.count))

    return transformation(init_fn, update_fn)


def _sign(
    field: PyTree, adjustment: PyTree, consensus: PyTree, eps: float, mean_over: str
) -> jax.Array:
    """Returns the sign of `⟨F, ∇H⟩ ⟨AᵀF, ∇H⟩ / d + eps`."""
    leaves = jax.tree.leaves(field)
    count = len(leaves) if mean_over == "tensors" else sum(leaf.size for leaf in leaves)
    # The products may overflow, so they are computed from vectors whose largest element is one.
    # The sign has no derivative.
    (f, f_size), (a, a_size), (h, h_size) = map(
        _scaled, lax.stop_gradient((field, adjustment, consensus))
    )
    product = trees.inner_product(f, h) * trees.inner_product(a, h)
    exponent = jnp.log2(f_size) + jnp.log2(a_size) + 2 * jnp.log2(h_size)
    exponent = jnp.clip(jnp.log2(jnp.abs(product)) + exponent, -_LARGEST, _LARGEST)
    size = jnp.exp2(exponent)
    return jnp.sign(jnp.sign(product) * size / count + eps)


_LARGEST = 100
"""Exponent at which the size of the product ends, far from any `eps`."""


def _scaled(tree: PyTree) -> tuple[PyTree, jax.Array]:
    """Divides a tree by its largest absolute value, and returns it with that value.

    All leaves get the widest dtype among them, or float32 if that is wider.
    """
    dtypes = [trees.accumulator_dtype(leaf.dtype) for leaf in jax.tree.leaves(tree)]
    widest = max(dtypes, key=lambda dtype: jnp.dtype(dtype).itemsize)
    tree = jax.tree.map(lambda leaf: leaf.astype(widest), tree)
    sizes = [jnp.max(jnp.abs(leaf), initial=0) for leaf in jax.tree.leaves(tree)]
    size = functools.reduce(jnp.maximum, sizes)
    size = jnp.where(size == 0, jnp.ones((), size.dtype), size)
    return jax.tree.map(lambda leaf: leaf / size, tree), size
