"""Small leaves of a tree are joined into vectors, and restored."""

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan.training.packing import SMALL, Packing


def test_packing_restores_every_leaf():
    tree = {
        "scalar": jnp.float32(2.0),
        "count": (jnp.int32(3), jnp.zeros((0, 2), jnp.int32)),
        "matrix": jnp.arange(6.0).reshape(2, 3),
        "flag": jnp.asarray(True),
        "half": jnp.ones(4, jnp.bfloat16),
        "large": jnp.arange(float(SMALL)),
        "none": None,
    }
    packing = Packing(tree)
    large, vectors = packing.pack(tree)
    assert [leaf.shape for leaf in large] == [(SMALL,)]
    assert sorted(str(vector.dtype) for vector in vectors) == [
        "bfloat16",
        "bool",
        "float32",
        "int32",
    ]
    restored = packing.unpack((large, vectors))
    assert jax.tree.structure(restored) == jax.tree.structure(tree)
    for found, leaf in zip(jax.tree.leaves(restored), jax.tree.leaves(tree), strict=True):
        assert (found.shape, found.dtype) == (leaf.shape, leaf.dtype)
        np.testing.assert_array_equal(found, leaf)


def test_packing_of_a_tree_without_small_leaves():
    tree = [jnp.ones(SMALL), jnp.zeros((SMALL, 2))]
    packing = Packing(tree)
    large, vectors = packing.pack(tree)
    assert not vectors and len(large) == 2
    jax.tree.map(np.testing.assert_array_equal, packing.unpack((large, vectors)), tree)
