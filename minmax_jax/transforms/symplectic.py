"""Symplectic gradient adjustment: turn the field against its own rotation."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation

MEANS = ("dimension", "tensors")


class SymplecticState(NamedTuple):
    """State of `add_symplectic`.

    Attributes:
      count: int32 scalar, the number of updates so far, at which a schedule of the weight
        is read.
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
    """Makes the direction `F + λ AᵀF`, A = ½(J − Jᵀ) the antisymmetric part of J.

    `AᵀF = ½(JᵀF − JF)` is orthogonal to F; in a Hamiltonian game, where J = A, it is the
    gradient of ½‖F‖². With `align` the sign of λ = ± weight is chosen so that the adjustment
    is attracted by stable fixed points and repelled by unstable ones:

        λ = weight · sign(⟨F, ∇H⟩ ⟨AᵀF, ∇H⟩ / d + eps),    ∇H = JᵀF, the gradient of ½‖F‖²

    The paper writes 1/d, d the dimension of the game; its published notebook divides by the
    number of tensors. The two disagree where the product lies between −d·eps and
    −(number of tensors)·eps; `mean_over` chooses. All is taken at z and draw 0.

    Price: one field evaluation, one jvp and one vjp, aligned or not. F comes out of the
    linearisation at z, so the field that is passed in is dead code to XLA: place it first
    in a chain, with clipping, weight decay, Adam and the learning rate after it.

    Args:
      weight: the size of λ: a number or a schedule of the update count; 1 in the paper's
        experiments and the notebook.
      align: whether the sign rule is applied; without it λ = weight.
      eps: what favours a positive sign; 0.1 in both references.
      mean_over: "dimension" or "tensors": d is the number of parameters or of leaves.
      name: Name used in error messages.

    Returns:
      A transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: for a weight or eps that is negative or no number, an align that
        is no bool, an unknown `mean_over`; in `update`, when params or field_fn is missing,
        or under `optax.masked`.

    Examples:
      On f = xy, where descent–ascent diverges:

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
    checks.check_number(name, "weight", weight)
    checks.check_number(name, "eps", eps)
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
        checks.check_field_fn(name, updates, params, field_fn)
        assert params is not None and field_fn is not None  # for the type checker
        z = jax.tree.map(jnp.asarray, params)
        field, along = jax.linearize(lambda z: field_fn(z, 0), z)
        (shortening,) = jax.linear_transpose(along, z)(field)
        adjustment = jax.tree.map(lambda h, g: 0.5 * (h - g), shortening, along(field))
        size = calls.value_at(weight, state.count if update_count is None else update_count)
        if align:
            sign = _sign(field, adjustment, shortening, eps, mean_over)
            size = size.astype(sign.dtype) * sign
        return jax.tree.map(
            lambda f, a: f + size.astype(f.dtype) * a, field, adjustment
        ), SymplecticState(count=trees.increment(state.count))

    return transformation(init_fn, update_fn)


def _sign(
    field: PyTree, adjustment: PyTree, shortening: PyTree, eps: float, mean_over: str
) -> jax.Array:
    """The sign of `⟨F, ∇H⟩ ⟨AᵀF, ∇H⟩ / d + eps`."""
    leaves = jax.tree.leaves(field)
    count = len(leaves) if mean_over == "tensors" else sum(leaf.size for leaf in leaves)
    product = trees.inner_product(field, shortening) * trees.inner_product(adjustment, shortening)
    return jnp.sign(product / count + eps)
