"""Forms of Ada-nSGDA's update of square leaves with different kernels on a GPU.

All forms compute the same step: new moments from the gradient, the norm of Adam's direction, the
norm of the gradient, and new parameters. As in the library, a norm takes sums of squares in several
scales, three for the gradient and two for Adam's direction. The bias corrections are left out.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from benchmarks import counts

B1, B2, EPS, LEARNING_RATE = 0.5, 0.999, 1e-8, 1e-3
THREE, TWO = (1.0, 2.0**80, 2.0**-80), (2.0**-20, 2.0**60)
"""Scales of the sums of squares of a gradient, and of Adam's direction."""
BLOCK = 2048
"""Elements of one program of the Triton kernel."""


def moments(g: jax.Array, m: jax.Array, v: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns Adam's new moments."""
    return (B1 * m + (1 - B1) * g).astype(m.dtype), (B2 * v + (1 - B2) * g * g).astype(v.dtype)


def squares(x: jax.Array, scales: Sequence[float]) -> list[jax.Array]:
    """Returns the squares of the elements in several scales, limited to finite values."""
    scaled = [jnp.abs(x.astype(jnp.float32)) * scale for scale in scales]
    return [jnp.square(jnp.minimum(each, 1e18)) for each in scaled]


def direction(m: jax.Array, v: jax.Array) -> jax.Array:
    """Returns Adam's direction in float32."""
    m, v = m.astype(jnp.float32), v.astype(jnp.float32)
    return m / (jnp.sqrt(v) + EPS)


def row_sums(parts: Sequence[jax.Array], row: int) -> list[jax.Array]:
    """Returns the sums of the rows of several arrays, from one reduction."""
    zeros = (jnp.zeros((), jnp.float32),) * len(parts)
    rows = tuple(part.reshape(-1, row) for part in parts)
    add: Any = lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True))  # noqa: E731
    return lax.reduce(rows, zeros, add, (1,))


def apply(g: jax.Array, p: jax.Array, sums: Sequence[jax.Array]) -> jax.Array:
    """Returns the new parameters, given sums of squares in the scales `(*THREE, *TWO)`."""
    plain, up, down, slightly_down, mostly_up = (jnp.sqrt(jnp.sum(each)) for each in sums)
    old = jnp.where(plain > 1e-15, plain, up / THREE[1])
    old = jnp.where(plain < 1e17, old, down / THREE[2])
    new = jnp.where(slightly_down > 1e-15, slightly_down / TWO[0], mostly_up / TWO[1])
    scale = jnp.where(old > 0, new / jnp.where(old > 0, old, 1), 0)
    return p - (LEARNING_RATE * scale * g.astype(jnp.float32)).astype(p.dtype)


def three_kernels(row: int, g: jax.Array, m: jax.Array, v: jax.Array, p: jax.Array) -> Any:
    """As in the library: moments, then sums over both trees, each in its own kernel."""
    m, v = moments(g, m, v)
    m, v = lax.optimization_barrier((m, v))
    new = row_sums(squares(direction(m, v), TWO), row)
    one, new = lax.optimization_barrier((jnp.ones(()), new))
    old = row_sums(squares(g.astype(jnp.float32) * one, THREE), row)
    return m, v, apply(g, p, [*old, *new])


def sums_first(row: int, g: jax.Array, m: jax.Array, v: jax.Array, p: jax.Array) -> Any:
    """Sums from moments that are not written, then moments and parameters in one kernel."""
    sums = row_sums(squares(g, THREE) + squares(direction(*moments(g, m, v)), TWO), row)
    (m, v), sums = lax.optimization_barrier(((m, v), sums))
    return *moments(g, m, v), apply(g, p, sums)


def with_sums(row: int, g: jax.Array, m: jax.Array, v: jax.Array, p: jax.Array) -> Any:
    """Moments and sums in one kernel, over rows."""
    rows = [each.reshape(-1, row) for each in (g, m, v)]
    m_rows, v_rows = moments(*rows)
    sums = row_sums(squares(rows[0], THREE) + squares(direction(m_rows, v_rows), TWO), row)
    return m_rows.reshape(m.shape), v_rows.reshape(v.shape), apply(g, p, sums)


def triton(row: int, g: jax.Array, m: jax.Array, v: jax.Array, p: jax.Array) -> Any:
    """Moments and sums in one kernel that is written in Triton, over blocks in place of rows."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton as plt

    del row
    grid = g.size // BLOCK

    def kernel(g_in: Any, m_in: Any, v_in: Any, m_out: Any, v_out: Any, sums_out: Any) -> None:
        g = g_in[...]
        m_out[...], v_out[...] = m, v = moments(g, m_in[...], v_in[...])
        for index, each in enumerate(squares(g, THREE) + squares(direction(m, v), TWO)):
            sums_out[0, index] = jnp.sum(each)

    block = pl.BlockSpec((BLOCK,), lambda index: (index,))
    eight = pl.BlockSpec((1, 8), lambda index: (index, 0))  # A power of two, as Triton needs.
    flat = [jax.ShapeDtypeStruct((g.size,), each.dtype) for each in (m, v)]
    on_gpu = jax.devices()[0].platform == "gpu"
    m_flat, v_flat, sums = pl.pallas_call(
        kernel,
        grid=(grid,),
        in_specs=[block] * 3,
        out_specs=[block, block, eight],
        out_shape=[*flat, jax.ShapeDtypeStruct((grid, 8), jnp.float32)],
        input_output_aliases={1: 0, 2: 1},
        compiler_params=plt.CompilerParams(num_warps=8) if on_gpu else None,
        interpret=not on_gpu,
    )(*(each.reshape(-1) for each in (g, m, v)))
    return m_flat.reshape(m.shape), v_flat.reshape(v.shape), apply(g, p, list(sums.T[:5]))


def adam(row: int, g: jax.Array, m: jax.Array, v: jax.Array, p: jax.Array) -> Any:
    """Adam, for comparison."""
    del row
    tx = optax.scale_by_adam(B1, B2, EPS)
    state = optax.ScaleByAdamState(jnp.ones((), jnp.int32), m, v)
    step, state = tx.update(g, state)
    return state.mu, state.nu, optax.apply_updates(p, -LEARNING_RATE * step)


FORMS: dict[str, Callable[..., Any]] = {
    "adam": adam,
    "three kernels": three_kernels,
    "sums first": sums_first,
    "moments with sums": with_sums,
    "Triton": triton,
}


def fits(name: str, side: int) -> bool:
    """Returns whether a form can update leaves of this size: Triton needs whole blocks."""
    return name != "Triton" or side**2 % BLOCK == 0


def make_leaf(side: int, dtype: str, seed: int) -> list[jax.Array]:
    """Returns gradient, moments and parameters of a random square leaf."""
    keys = jax.random.split(jax.random.key(seed), 4)
    g, m, v, p = (jax.random.normal(key, (side, side), dtype) for key in keys)
    return [g, m, jnp.square(v), p]


def update(name: str, row: int, gradients: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    """Returns the new moments and parameters of several leaves, computed in one form."""
    step = functools.partial(FORMS[name], row)
    return [step(g, *state) for g, state in zip(gradients, states, strict=True)]


def calls(
    name: str, side: int, row: int, dtype: str, donate: bool, leaves: int
) -> Callable[[], Any]:
    """Returns a call that updates several leaves with one form, moments and parameters in place.

    Without `donate`, the new arrays have their own memory.
    """

    made = [make_leaf(side, dtype, seed) for seed in range(leaves)]
    gradients, kept = [leaf[0] for leaf in made], [leaf[1:] for leaf in made]
    function = functools.partial(update, name, row)
    program = counts.compiled(function, gradients, kept, donate_argnums=(1,) if donate else ())

    def call() -> Any:
        nonlocal kept
        kept = program(gradients, kept)
        return kept

    return call
