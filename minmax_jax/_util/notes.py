"""Adds the arguments of a failed function of the user to its error."""

import contextlib
from collections.abc import Iterator
from typing import Any

import jax

from minmax_jax._util.types import PyTree

_PREFIX = "minmax_jax: "
_MOST_LEAVES = 8


@contextlib.contextmanager
def naming(function: str, argument: str, **inputs: PyTree) -> Iterator[None]:
    """Adds a note to an error that a function of the user raises inside of this context.

    JAX names the shapes that do not fit, but not the function in which they meet. The note names
    it, with the dtypes and shapes of its arguments. The error itself does not change. If the
    function is called by another function of the user, only the inner one adds a note.

    Args:
      function: Name of the function of this library.
      argument: Name of its argument that is the user's function.
      **inputs: Arguments of the user's function by name.
    """
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        notes = getattr(error, "__notes__", ())
        if not any(note.startswith(_PREFIX) for note in notes):
            shown = "; ".join(_leaves(name, tree) for name, tree in inputs.items())
            error.add_note(f"{_PREFIX}raised by {argument} of {function}, called with {shown}")
        raise


def _leaves(name: str, tree: PyTree) -> str:
    """Returns the dtypes and shapes of the first leaves of a tree, such as `x['w'] float32[3]`."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    shown = [
        f"{name}{jax.tree_util.keystr(path)} {_type(leaf)}" for path, leaf in leaves[:_MOST_LEAVES]
    ]
    if len(leaves) > _MOST_LEAVES:
        shown.append(f"{len(leaves) - _MOST_LEAVES} further arrays")
    return ", ".join(shown)


def _type(leaf: Any) -> str:
    if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
        return type(leaf).__name__
    return f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]"
