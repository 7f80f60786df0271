"""Counts the field evaluations, JVPs and VJPs that a compiled program executes."""

import threading
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import linear_call
from jax.flatten_util import ravel_pytree

from minmax_jax._util import checks
from minmax_jax._util.types import Draw, FieldFn, Players


class Evaluations(NamedTuple):
    """Counts of executed oracle calls.

    Attributes:
      field: Evaluations of the field F(z).
      jvp: Products J v.
      vjp: Products Jᵀ v.
    """

    field: int = 0
    jvp: int = 0
    vjp: int = 0


class CountedField:
    """A field that counts its executed evaluations. Created by `field_evaluations`."""

    def __init__(self, field_fn: FieldFn) -> None:
        self._field_fn = field_fn
        self._lock = threading.Lock()
        self._counts = Evaluations()

    def __call__(self, players: Players, draw: Draw = 0, /) -> Players:
        """Returns the field at `players` and counts one evaluation when it is executed."""
        flat, restore = ravel_pytree(players)
        return self._field_fn(restore(self._mark(flat)), draw)

    @property
    def general_sum(self) -> bool:
        """Whether it is the field of a general-sum game."""
        return getattr(self._field_fn, "general_sum", False)

    def counts(self) -> Evaluations:
        """Returns how often each function was executed since the last reset."""
        jax.effects_barrier()
        return self._counts

    def reset(self) -> None:
        """Sets all counts to zero."""
        with self._lock:
            self._counts = Evaluations()

    def _mark(self, x: jax.Array) -> jax.Array:
        """Returns `x` unchanged, with a host callback that counts evaluations, JVPs and VJPs."""

        @jax.custom_jvp
        def mark(x: jax.Array) -> jax.Array:
            return self._counted("field", x)

        @mark.defjvp
        def _(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
            tangent = linear_call(
                lambda _, t: self._counted("jvp", t),
                lambda _, c: self._counted("vjp", c),
                (),
                tangents[0],
            )
            return mark(primals[0]), tangent

        return mark(x)

    def _counted(self, kind: str, x: jax.Array) -> jax.Array:
        def add(value: jax.Array) -> np.ndarray:
            del value
            with self._lock:
                self._counts = self._counts._replace(**{kind: getattr(self._counts, kind) + 1})
            return np.zeros((), np.int32)

        # XLA may call `add` in a thread in which `jax.enable_x64` is not set, where JAX would
        # round a result in float64. So the call returns zero, on which the result depends.
        shape = jax.ShapeDtypeStruct((), np.int32)
        called = jax.pure_callback(add, shape, x, vmap_method="sequential")
        return jnp.where(called == 0, x, 0).astype(x.dtype)


def field_evaluations(field_fn: FieldFn) -> CountedField:
    """Wraps a field so that the host counts its executed evaluations.

    The counts describe the compiled program: calls that XLA removes as dead code, or
    merges because they evaluate the same point, are not counted, and a loop body counts
    once per iteration. Values do not change. Every evaluation sends the parameters through
    the host, so use this function to measure the cost of a method, not in long runs.

    Under `vmap`, each batch element counts; JVPs and VJPs do not support `vmap`. Under
    `pmap`, each device counts. Wait for the results with `jax.block_until_ready` before you
    read the counts.

    Args:
      field_fn: Vector field of the game.

    Returns:
      The field, with the methods `counts() -> Evaluations(field, jvp, vjp)` and `reset()`.

    Raises:
      TypeError: If `field_fn` is not callable.

    Examples:
      Alternating updates with three max steps evaluate the field four times per update:

      >>> import jax, optax
      >>> import minmax_jax as mm
      >>> counted = mm.diagnostics.field_evaluations(mm.zero_sum(lambda z: z.min * z.max))
      >>> tx = mm.alternate(min=optax.sgd(0.1), max=optax.sgd(0.1), max_steps=3)
      >>> result = jax.block_until_ready(mm.solve(tx, counted, mm.Players(1.0, 1.0), 10))
      >>> counted.counts()
      Evaluations(field=40, jvp=0, vjp=0)
    """
    # The field is called as it is, so that errors name the caller.
    checks.check_game_function("field_evaluations", "field_fn", field_fn)
    return CountedField(field_fn)
