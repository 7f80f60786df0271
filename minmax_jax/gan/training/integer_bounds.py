"""Finds the values that chosen integers of a program can have, before it runs.

A streamed run reads the batch of every sample index that an optimizer may use. In a loop that may
end early, or behind a conditional, the index depends on values that are unknown before the run.

`marked` chooses an integer and passes it on unchanged. `range_of_marked` traces the program and
replaces each integer by a range, from its lowest to its highest possible value: `a + b` has the sum
of two ranges. Where a branch is unknown, the range contains the results of all branches. A loop is
followed round by round until its ranges no longer change. Nothing is computed, and what is not
known to be limited has an infinite range, so the result is never too small.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
from jax.extend import core
from jax.interpreters import batching

from minmax_jax.gan.training import intervals
from minmax_jax.gan.training.intervals import ANY, Interval

_MARK = core.Primitive("mark_integer")
_MARK.def_abstract_eval(lambda value: value)
batching.defvectorized(_MARK)

_MAX_ROUNDS = 1_000
"""Rounds of a loop that are followed one by one, if it contains a marked integer.

Integers that still change after them count as unlimited, unless the loop's condition limits them.
"""


def marked(value: Any) -> Any:
    """Returns an integer unchanged, and includes its values in the result of `range_of_marked`."""
    return _MARK.bind(value)


def range_of_marked(function: Callable[..., Any], *args: Any) -> Interval | None:
    """Returns the range of all marked integers of a function, or None if it marks none.

    An end of the range is infinite if the program does not limit the integers on that side.

    Args:
      function: Function of arrays, which is traced and not computed.
      *args: Its arguments, or their shapes and dtypes.
    """
    program, found = jax.make_jaxpr(function)(*args), []
    _follow(program, [ANY] * len(program.in_avals), found)
    return intervals.join(*found) if found else None


def _follow(program: Any, given: Sequence[Interval], found: list[Interval]) -> list[Interval]:
    """Returns the ranges of the results of a program, and appends marked integers to `found`.

    Args:
      program: Traced program, with or without constants.
      given: Ranges of its arguments.
      found: Ranges of the marked integers so far.
    """
    program, constants = getattr(program, "jaxpr", program), getattr(program, "consts", ())
    known = dict(zip(program.invars, given, strict=True))
    known |= zip(program.constvars, map(intervals.of_constant, constants), strict=False)

    def read(atom: Any) -> Interval:
        if isinstance(atom, core.Literal):
            return intervals.of_constant(atom.val)
        return known.get(atom, ANY)

    for equation in program.eqns:
        values = [read(atom) for atom in equation.invars]
        known |= zip(equation.outvars, _results(equation, values, found), strict=True)
    return [read(atom) for atom in program.outvars]


def _results(equation: Any, given: list[Interval], found: list[Interval]) -> list[Interval]:
    """Returns the ranges of the results of one equation."""
    inner = list(_programs(equation.params))
    if equation.primitive.name in _FORMS:
        return _FORMS[equation.primitive.name](equation.params, given, found)
    if not inner:
        found += given if equation.primitive is _MARK else []
        many = len(equation.outvars) != 1  # For example PRNG operations, or kernels.
        return [ANY] * len(equation.outvars) if many else [intervals.apply(equation, given)]
    shape = len(equation.invars), len(equation.outvars)
    if (len(inner[0].invars), len(inner[0].outvars)) == shape:  # A function that is called.
        return _follow(inner[0], given, found)
    for program in inner:  # It may be called with any values.
        _follow(program, [ANY] * len(program.invars), found)
    return [ANY] * len(equation.outvars)


def _programs(value: Any) -> Iterator[Any]:
    """Yields the programs among the parameters of an equation."""
    if hasattr(value, "jaxpr") or hasattr(value, "eqns"):
        program = getattr(value, "jaxpr", value)
        yield value if program is not value and value.consts else program
    elif isinstance(value, dict | tuple | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _programs(part)


def _cond(params: Any, given: list[Interval], found: list[Interval]) -> list[Interval]:
    which, *operands = given
    branches = params["branches"]
    chosen = branches[int(max(which.low, 0)) : int(min(which.high, len(branches) - 1)) + 1]
    results = [_follow(branch, operands, found) for branch in chosen]
    return [intervals.join(*values) for values in zip(*results, strict=True)]


def _scan(params: Any, given: list[Interval], found: list[Interval]) -> list[Interval]:
    first, last = params["num_consts"], params["num_consts"] + params["num_carry"]
    constants, carry, elements = given[:first], given[first:last], given[last:]
    program, stacked = params["jaxpr"], []
    rounds = _rounds(program)
    for index in range(params["length"]):
        results = _follow(program, [*constants, *carry, *elements], found)
        before, carry = carry, results[: len(carry)]
        stacked.append(results[len(carry) :])
        if before == carry:
            break
        if index >= rounds:
            carry = _without_limits(before, carry)
    stacked = stacked or [[ANY] * (len(program.out_avals) - len(carry))]
    return [*carry, *(intervals.join(*values) for values in zip(*stacked, strict=True))]


def _while(params: Any, given: list[Interval], found: list[Interval]) -> list[Interval]:
    first = params["cond_nconsts"]
    last = first + params["body_nconsts"]
    for_condition, for_body, carry = given[:first], given[first:last], given[last:]
    condition, body = params["cond_jaxpr"], params["body_jaxpr"]
    ends, rounds = [carry], _rounds(body)
    for index in itertools.count():
        (holds,) = _follow(condition, [*for_condition, *carry], found)
        if not holds.high:
            break
        limited, counters = _limit(condition.jaxpr, [*for_condition, *carry])
        before, carry = carry, _follow(body, [*for_body, *limited[first:]], found)
        ends.append(carry)
        if before == carry:
            break
        # If nothing that the condition limits changes, the number of rounds is unknown.
        places = [place - first for place in counters if place >= first]
        changes = any(before[place] != carry[place] for place in places)
        if index >= rounds or not changes:
            carry = _without_limits(before, carry)
    return [intervals.join(*values) for values in zip(*ends, strict=True)]


def _rounds(program: Any) -> int:
    """Returns how many rounds of a loop are followed: few if only its results matter."""
    return _MAX_ROUNDS if _has_mark(program) else 2


def _has_mark(program: Any) -> bool:
    return any(
        equation.primitive is _MARK or any(map(_has_mark, _programs(equation.params)))
        for equation in getattr(program, "jaxpr", program).eqns
    )


def _without_limits(before: list[Interval], after: list[Interval]) -> list[Interval]:
    """Returns the ranges after a round, infinite on each side on which the round extended them."""
    pairs = zip(before, after, strict=True)
    return [
        Interval(
            new.low if new.low >= old.low else -math.inf,
            new.high if new.high <= old.high else math.inf,
        )
        for old, new in pairs
    ]


def _limit(program: Any, given: list[Interval]) -> tuple[list[Interval], set[int]]:
    """Returns the ranges that a loop's values can have when its condition holds.

    For `i < 5`, the highest value of `i` is 4. The second result contains the positions of the
    values that the condition compares.
    """
    known = dict(zip(program.invars, given, strict=True))
    made = {equation.outvars[0]: equation for equation in program.eqns}
    atoms, compared = list(program.outvars), set()
    while atoms:
        atom = atoms.pop()
        equation = None if isinstance(atom, core.Literal) else made.get(atom)
        if equation is None:
            continue
        name, given_atoms = equation.primitive.name, equation.invars
        if name in ("and", "convert_element_type"):
            atoms += given_atoms
        elif name in ("lt", "le", "gt", "ge"):
            sides = given_atoms if name in ("lt", "le") else given_atoms[::-1]
            small, large = (_range(side, known) for side in sides)
            ranges = _ordered(small, large, name in ("lt", "gt"))
            for side, limited in zip(sides, ranges, strict=True):
                if not isinstance(side, core.Literal) and side in known:
                    known[side] = limited
                    compared.add(program.invars.index(side))
    return [known[variable] for variable in program.invars], compared


def _range(atom: Any, known: dict[Any, Interval]) -> Interval:
    if isinstance(atom, core.Literal):
        return intervals.of_constant(atom.val)
    return known.get(atom, ANY)


def _ordered(small: Interval, large: Interval, is_strict: bool) -> tuple[Interval, Interval]:
    """Returns two ranges without the values for which small < large, or ≤, cannot hold."""
    high, low = min(small.high, large.high - is_strict), max(large.low, small.low + is_strict)
    return Interval(small.low, max(high, small.low)), Interval(min(low, large.high), large.high)


_FORMS = {"cond": _cond, "scan": _scan, "while": _while}
