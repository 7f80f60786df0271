"""Momentum with a complex decay rate, stored as two real trees."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks
from minmax_jax._util.types import PyTree, transformation


class ComplexTraceState(NamedTuple):
    """State of `complex_trace`.

    Attributes:
      real: Real part of the momentum m. Zero before the first update.
      imaginary: Imaginary part of the momentum. Zero before the first update.
    """

    real: Any
    imaginary: Any


def complex_trace(
    decay: Any, angle: Any, *, name: str = "complex_trace"
) -> optax.GradientTransformationExtraArgs:
    """Averages the updates with a complex momentum, and returns its real part.

    With the complex number β = b e^{iϕ}, where b = `decay` and ϕ = `angle`:

        m_k = β m_{k−1} + g_k,  m_{−1} = 0
        u_k = Re m_k = Σ_j b^j cos(jϕ) g_{k−j}

    Past updates therefore count with both signs. With ϕ = 0, this is `optax.trace(b)`, and with
    ϕ = π, momentum with the negative rate −b. Place it before the learning rate, for example
    as `transform` of an optimizer. For BigGAN, the authors use β = 0.8 e^{iπ/8} in place of
    Adam's b1 (not checked against the paper).

    **Cost.** Two copies of the updates. No field evaluations. The momentum is stored as two real
    trees, because complex arrays exist in float32 and float64 only.

    **Verification.** The tests compare the iterates on f = xy with the powers of the 3 × 3 matrix
    of the method, and the updates with sums of complex powers.

    Args:
      decay: Modulus b of the decay rate: a number in [0, 1].
      angle: Argument ϕ of the decay rate in radians: a number.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree.

    Raises:
      TypeError: If `decay` or `angle` is not a number. In `init` and `update`, if a leaf is not
        floating-point.
      ValueError: If `decay` is not in [0, 1], or `angle` is not finite. In `update`, if updates,
        params and state differ in structure or shapes.

    Examples:
      On f = xy with simultaneous updates, all real momentum rates diverge. An imaginary one
      converges:

      >>> import math
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> for angle in (0, math.pi / 2):
      ...     tx = mm.sgda(0.2, transform=mm.complex_trace(0.7, angle))
      ...     end = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 1000).players
      ...     print(bool(end.min**2 + end.max**2 < 0.1))
      False
      True

    References:
      Lorraine, Acuna, Vicol, Duvenaud, `Complex momentum for optimization in games
      <https://arxiv.org/abs/2102.08431>`_, 2022, eq. (4) and Algorithm 1 (numbers not checked).
    """
    decay = checks.check_number(name, "decay", decay, high=1.0, schedule=False)
    angle = checks.check_number(name, "angle", angle, low=-math.inf, schedule=False)

    def init_fn(params: PyTree) -> ComplexTraceState:
        checks.check_floats(name, "params", params, empty=True)
        return ComplexTraceState(
            real=optax.tree.zeros_like(params), imaginary=optax.tree.zeros_like(params)
        )

    def update_fn(
        updates: PyTree, state: ComplexTraceState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, ComplexTraceState]:
        del extra
        checks.check_floats(name, "updates", updates, empty=True)
        checks.check_match(name, updates, params)
        checks.check_state(name, state, ComplexTraceState, updates, "real", "imaginary")
        dtype = jnp.result_type(float)
        b, phi = (jnp.asarray(value).astype(dtype) for value in (decay, angle))
        cosine, sine = b * jnp.cos(phi), b * jnp.sin(phi)

        def real(g: jax.Array, re: jax.Array, im: jax.Array) -> jax.Array:
            rotated = cosine.astype(re.dtype) * re - sine.astype(re.dtype) * im
            return rotated + g.astype(re.dtype)

        def imaginary(re: jax.Array, im: jax.Array) -> jax.Array:
            return sine.astype(re.dtype) * re + cosine.astype(re.dtype) * im

        new = ComplexTraceState(
            real=jax.tree.map(real, updates, state.real, state.imaginary),
            imaginary=jax.tree.map(imaginary, state.real, state.imaginary),
        )
        return jax.tree.map(lambda m, g: m.astype(g.dtype), new.real, updates), new

    return transformation(init_fn, update_fn)
