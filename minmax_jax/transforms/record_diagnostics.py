"""Records diagnostics of each update in the optimizer state."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import FieldFn, PayoffFn, PyTree, transformation


class RecordDiagnosticsState(NamedTuple):
    """State of `record_diagnostics`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      records: Latest result of each diagnostic, by name. All zeros while `count` is 0.
      inner: State of the wrapped transformation.
    """

    count: jax.Array
    records: dict[str, PyTree]
    inner: Any


class DiagnosticInputs(SimpleNamespace):
    """Inputs that are available to a diagnostic.

    An optional argument that was not passed to `update` is not an attribute.

    Attributes:
      field: Field passed to `update` (sample index 0, at `params`).
      updates: Updates that the wrapped transformation returned.
      params: Parameters before the update.
      field_fn: Field function.
      payoff_fn: Payoff function.
      key: PRNG key of the update, folded with the index of the diagnostic.
    """

    field: PyTree
    updates: PyTree
    params: PyTree
    field_fn: FieldFn
    payoff_fn: PayoffFn
    key: jax.Array


INPUTS = tuple(DiagnosticInputs.__annotations__)
"""Names of the attributes of `DiagnosticInputs`."""

Diagnostic = Callable[[DiagnosticInputs], PyTree]


def record_diagnostics(
    tx: optax.GradientTransformation, diagnostics: Mapping[str, Diagnostic], *, every: int = 1
) -> optax.GradientTransformationExtraArgs:
    """Records diagnostics in the optimizer state without changing the updates.

    Each diagnostic is a function of `DiagnosticInputs`. `init` allocates its record: it
    traces the function, with the identity as field function, to find the shapes and dtypes of
    its result. The state is therefore a valid scan carry from the start, and later results are
    cast to the dtypes that `init` found.

    **Cost.** The diagnostics run in the first update and in every `every`-th update after it.
    An optimization barrier separates their arithmetic from the update, so a diagnostic
    that calls `field_fn` evaluates the field again. A diagnostic that uses `field` keeps XLA
    from removing, as dead code, the parts of `field` that the wrapped method does not use (in
    `alternate`, one player's half). Under `vmap` all updates pay for the diagnostics.

    A compiled update returns bit-for-bit identical results with and without diagnostics. If it
    is compiled together with the code that follows, for example in a scan, the compiler may fuse
    `params + updates` into a multiply-add when the updates are not recorded, but not when they
    are. This changes one rounding (observed with Adam on CPU).

    Args:
      tx: Transformation of any pytree.
      diagnostics: Mapping from names to diagnostics, for example
        `{"ratio": lambda inputs: mm.diagnostics.norm_ratio(inputs.updates)}`.
      every: Number of updates per record.

    Returns:
      A gradient transformation whose state is a `RecordDiagnosticsState`. Extra arguments of
      `update` are passed on to `tx`.

    Raises:
      TypeError: If `tx` is not an Optax gradient transformation, `diagnostics` is not a mapping
        to functions, or `every` is not an int.
      ValueError: If `every` is less than 1. In `update`, if a diagnostic uses an input that was
        not passed.
      AttributeError: In `init`, if a diagnostic uses an attribute that `DiagnosticInputs` does
        not have.

    Examples:
      Gradient descent–ascent diverges on f = xy, and half the squared norm of the field grows
      by the factor 1 + η² per update:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.record_diagnostics(
      ...     mm.sgda(0.5), {"energy": lambda inputs: mm.diagnostics.hamiltonian(inputs.field)}
      ... )
      >>> result = mm.solve(
      ...     tx, field_fn, mm.Players(1.0, 0.0), 3, record=lambda k, z, u, state: state.records
      ... )
      >>> print(result.records["energy"])
      [0.5     0.625   0.78125]
    """
    checks.check_transformation("record_diagnostics", "tx", tx)
    every = checks.check_count("record_diagnostics", "every", every)
    if not isinstance(diagnostics, Mapping) or not all(
        callable(diagnostic) and checks.takes(diagnostic, 1) for diagnostic in diagnostics.values()
    ):
        raise TypeError(
            "record_diagnostics: diagnostics must be a mapping from names to functions of "
            f"DiagnosticInputs, got {checks.shown(diagnostics)}. Pass for example "
            "{'ratio': lambda inputs: mm.diagnostics.norm_ratio(inputs.updates)}."
        )
    tx = optax.with_extra_args_support(tx)
    diagnostics = dict(diagnostics)

    def init_fn(params: PyTree) -> RecordDiagnosticsState:
        checks.check_floats("record_diagnostics", "params", params)
        count, inner = trees.new_count(), tx.init(params)
        if trees.is_placeholder(params):  # No record is shaped like the parameters.
            return RecordDiagnosticsState(count, dict.fromkeys(diagnostics, count), inner)
        shapes = jax.eval_shape(lambda z: _measure(diagnostics, _example_inputs(z)), params)
        records = jax.tree.map(lambda slot: jnp.zeros(slot.shape, slot.dtype), shapes)
        return RecordDiagnosticsState(count, records, inner)

    def update_fn(
        updates: PyTree,
        state: RecordDiagnosticsState,
        params: PyTree | None = None,
        **extra: Any,
    ) -> tuple[PyTree, RecordDiagnosticsState]:
        checks.check_match("record_diagnostics", updates, params)
        checks.check_state("record_diagnostics", state, RecordDiagnosticsState)
        steps, inner = tx.update(updates, state.inner, params, **extra)
        # The barrier keeps XLA from fusing the diagnostics with the update.
        field, step, point = lax.optimization_barrier((updates, steps, params))
        given = {**extra, "field": field, "updates": step, "params": point}

        def measure() -> dict[str, PyTree]:
            return jax.tree.map(_cast_like, _measure(diagnostics, given), state.records)

        due = state.count % every == 0
        records = measure() if every == 1 else lax.cond(due, measure, lambda: state.records)
        count = trees.increment(state.count, every)
        return steps, RecordDiagnosticsState(count=count, records=records, inner=inner)

    return transformation(init_fn, update_fn)


def _measure(diagnostics: Mapping[str, Diagnostic], given: Mapping[str, Any]) -> dict[str, PyTree]:
    """Calls each diagnostic on the inputs that were given, with its own key."""
    given = {name: given[name] for name in INPUTS if given.get(name) is not None}
    records = {}
    for index, (name, diagnostic) in enumerate(diagnostics.items()):
        key = {"key": jax.random.fold_in(given["key"], index)} if "key" in given else {}
        inputs = DiagnosticInputs(**{**given, **key})
        try:
            records[name] = diagnostic(inputs)
        except AttributeError as error:
            if error.obj is inputs and error.name is not None:
                raise _explained(name, error.name) from None
            raise
    return records


def _explained(diagnostic: str, attribute: str) -> Exception:
    """Returns the error for a diagnostic that uses an input that is missing or unknown."""
    if attribute in INPUTS:
        return ValueError(
            f"record_diagnostics: update needs {attribute}, which the diagnostic {diagnostic!r} "
            f"uses. Pass {attribute}= to update. {checks.IF_DROPPED}"
        )
    return AttributeError(
        f"record_diagnostics: the diagnostic {diagnostic!r} cannot access {attribute!r}; "
        f"available: {', '.join(INPUTS)}."
    )


def _example_inputs(params: PyTree) -> dict[str, Any]:
    """Returns inputs of the right types, from which `init` infers the shapes of the records."""
    with jax.numpy_dtype_promotion("standard"):  # The leaves may have several dtypes.
        dtype = jnp.result_type(*jax.tree.leaves(params))
    return {
        "field": params,
        "updates": params,
        "params": params,
        "field_fn": lambda players, draw=0: players,
        "payoff_fn": lambda players, draw=0: jnp.zeros((), dtype),
        "key": jax.random.key(0),
    }


def _cast_like(value: Any, record: jax.Array) -> jax.Array:
    return lax.convert_element_type(jnp.asarray(value), record.dtype)
