"""Watching: what a method meets on its way, recorded in its state."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import checks
from minmax_jax._util.types import FieldFn, PayoffFn, PyTree, transformation


class WatchState(NamedTuple):
    """State of `watch`.

    Attributes:
      count: int32 scalar, the number of updates so far.
      records: a dict, what each diagnostic returned last; zeros while count is 0.
      inner: state of the transformation that is watched.
    """

    count: jax.Array
    records: dict[str, PyTree]
    inner: Any


class Seen:
    """What a diagnostic may look at in one update.

    Attributes:
      field: the incoming field, of draw 0 at params.
      updates: the finished step.
      params: the point at which the step begins.
      field_fn: the field as a function.
      payoff_fn: the payoff as a function.
      key: the update's PRNG key, folded for each diagnostic.
    """

    field: PyTree
    updates: PyTree
    params: PyTree
    field_fn: FieldFn
    payoff_fn: PayoffFn
    key: jax.Array

    def __init__(self, diagnostic: str, **given: Any) -> None:
        self._diagnostic = diagnostic
        self.__dict__.update({name: x for name, x in given.items() if x is not None})

    def __getattr__(self, name: str) -> Any:
        if name not in Seen.__annotations__:
            raise AttributeError(f"watch: a diagnostic sees no {name!r}.")
        raise ValueError(f"watch: update needs {name}, which {self._diagnostic!r} looks at.")


Diagnostic = Callable[[Seen], PyTree]


def watch(
    tx: optax.GradientTransformation, diagnostics: Mapping[str, Diagnostic], *, every: int = 1
) -> optax.GradientTransformationExtraArgs:
    """Records diagnostics in the optimizer's state; the updates are those of `tx`.

    Each diagnostic is a function of what one update has `Seen`. Its slot in the state is
    allocated by `init`, with the shapes that the function declares by its type: it is traced,
    never run, with the identity for a field. So the state is a scan carry from the start, and
    a value of another dtype is cast to its slot's.

    The price is that of the diagnostics, in every `every`-th update, the first included;
    a barrier keeps their arithmetic apart, so that a field asked for again is evaluated again.
    To watch `field` around a method that computes the field anew (`alternate`) keeps alive
    what would be dead code. Under `vmap` all updates pay, and `every` only selects.

    A compiled update returns the same bits with and without. Compiled into a larger program
    together with what comes after (a scan), a compiler that contracts `z + u` to one
    multiply-add may stop doing so where u is watched: one rounding, seen with Adam on CPUs.

    Args:
      tx: the transformation to watch, of any tree.
      diagnostics: functions by name: `lambda seen: mm.diagnostics.pace(seen.updates)`.
      every: updates from one record to the next.

    Returns:
      A transformation whose state is `WatchState(count, records, inner)`; the extra
      arguments of `update` go on to `tx`.

    Raises:
      TypeError: if tx is no transformation, or diagnostics no mapping of functions.
      ValueError: for `every` below 1; in `update`, when a diagnostic looks at something that
        was not passed.

    Examples:
      Descent–ascent leaves the solution of f = xy, and the energy of its field says so:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.watch(mm.sgda(0.5), {"energy": lambda s: mm.diagnostics.hamiltonian(s.field)})
      >>> result = mm.solve(
      ...     tx, field_fn, mm.Players(1.0, 0.0), 3, record=lambda k, z, u, state: state.records
      ... )
      >>> print(result.records["energy"])  # grows by 1 + η²
      [0.5     0.625   0.78125]
    """
    checks.check_transformation("watch", "tx", tx)
    checks.check_count("watch", "every", every)
    if not isinstance(diagnostics, Mapping) or not all(map(callable, diagnostics.values())):
        raise TypeError(
            "watch: diagnostics must be a mapping from names to functions of what an update has "
            f"seen, such as {{'pace': lambda seen: pace(seen.updates)}}, got {diagnostics!r}."
        )
    tx = optax.with_extra_args_support(tx)
    watched = dict(diagnostics)

    def init_fn(params: PyTree) -> WatchState:
        checks.check_floats("watch", "params", params)
        shapes = jax.eval_shape(lambda z: _measure(watched, _stand_ins(z)), params)
        records = jax.tree.map(lambda slot: jnp.zeros(slot.shape, slot.dtype), shapes)
        return WatchState(jnp.zeros((), jnp.int32), records, tx.init(params))

    def update_fn(
        updates: PyTree, state: WatchState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, WatchState]:
        steps, inner = tx.update(updates, state.inner, params, **extra)
        # Behind the barrier, what is measured cannot be fused with what is stepped.
        field, step, point = lax.optimization_barrier((updates, steps, params))
        given = {**extra, "field": field, "updates": step, "params": point}

        def measure() -> dict[str, PyTree]:
            return jax.tree.map(_fit, _measure(watched, given), state.records)

        due = state.count % every == 0
        records = measure() if every == 1 else lax.cond(due, measure, lambda: state.records)
        count = jnp.asarray(optax.safe_increment(state.count))
        return steps, WatchState(count=count, records=records, inner=inner)

    return transformation(init_fn, update_fn)


def _measure(watched: Mapping[str, Diagnostic], given: Mapping[str, Any]) -> dict[str, PyTree]:
    """Calls each diagnostic on what there is, with a key of its own."""
    records = {}
    for index, (name, diagnostic) in enumerate(watched.items()):
        now = {side: given.get(side) for side in Seen.__annotations__}
        if now["key"] is not None:
            now["key"] = jax.random.fold_in(now["key"], index)
        records[name] = diagnostic(Seen(name, **now))
    return records


def _stand_ins(params: PyTree) -> dict[str, Any]:
    """What has the types of a field, a step, a field function and a payoff."""
    dtype = jnp.result_type(*jax.tree.leaves(params))
    return {
        "field": params,
        "updates": params,
        "params": params,
        "field_fn": lambda players, draw=0: players,
        "payoff_fn": lambda players, draw=0: jnp.zeros((), dtype),
        "key": jax.random.key(0),
    }


def _fit(value: Any, slot: jax.Array) -> jax.Array:
    return lax.convert_element_type(jnp.asarray(value), slot.dtype)
