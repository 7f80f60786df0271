"""How often a compiled program really asks for the field."""

import threading
from typing import NamedTuple

import jax
import numpy as np
from jax.custom_derivatives import linear_call
from jax.flatten_util import ravel_pytree

from minmax_jax._util.types import Draw, FieldFn, Players


class Evaluations(NamedTuple):
    """Oracle calls.

    Attributes:
      field: evaluations of the field F(z).
      jvp: products J v.
      vjp: products Jᵀ v.
    """

    field: int = 0
    jvp: int = 0
    vjp: int = 0


class CountedField:
    """A field that counts; made by `field_evaluations`."""

    def __init__(self, field_fn: FieldFn) -> None:
        self._field_fn = field_fn
        self._lock = threading.Lock()
        self._counts = Evaluations()

    def __call__(self, players: Players, draw: Draw = 0, /) -> Players:
        """Returns the field at `players`, and counts one evaluation when it is executed."""
        flat, restore = ravel_pytree(players)
        return self._field_fn(restore(self._mark(flat)), draw)

    def counts(self) -> Evaluations:
        """Returns what has been executed since the last reset."""
        jax.effects_barrier()
        return self._counts

    def reset(self) -> None:
        """Sets all counts to zero."""
        with self._lock:
            self._counts = Evaluations()

    def _mark(self, x: jax.Array) -> jax.Array:
        """The identity, whose evaluations, jvp and vjp are each counted on the host."""

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
            with self._lock:
                self._counts = self._counts._replace(**{kind: getattr(self._counts, kind) + 1})
            return np.asarray(value)

        shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return jax.pure_callback(add, shape, x, vmap_method="sequential")


def field_evaluations(field_fn: FieldFn) -> CountedField:
    """Makes the same field, counting on the host the calls that are executed.

    Not those that are written down: what XLA removes as dead code, or joins because the same
    point is asked twice in one program, is not counted, and a loop's body counts as often as
    it runs. The values do not change. Each evaluation sends the players through the host, so
    this is for measuring a method's price, not for long runs; jvp and vjp are counted apart.

    Under `vmap` every member counts; a jvp or vjp has no `vmap` here. Under `pmap` every
    device counts. Wait for results (`jax.block_until_ready`) before reading.

    Args:
      field_fn: the field.

    Returns:
      A field with `counts() -> Evaluations(field, jvp, vjp)` and `reset()`.

    Examples:
      >>> import jax, optax
      >>> import minmax_jax as mm
      >>> counted = mm.diagnostics.field_evaluations(mm.zero_sum(lambda z: z.min * z.max))
      >>> tx = mm.alternate(min=optax.sgd(0.1), max=optax.sgd(0.1), max_steps=3)
      >>> result = jax.block_until_ready(mm.solve(tx, counted, mm.Players(1.0, 1.0), 10))
      >>> counted.counts()  # four an update
      Evaluations(field=40, jvp=0, vjp=0)
    """
    if not callable(field_fn):
        raise TypeError(f"field_evaluations: field_fn must be callable, got {field_fn!r}.")
    return CountedField(field_fn)
