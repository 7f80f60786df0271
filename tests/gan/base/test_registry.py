"""Registries of named parts."""

import pytest

from minmax_jax import gan


def test_unknown_names_raise_key_errors_with_similar_names():
    with pytest.raises(KeyError) as raised:
        gan.LOSSES["hinje"]
    assert str(raised.value) == "loss='hinje' is not known; did you mean hinge?"
    with pytest.raises(KeyError, match="preset=7 is not known; choose from cifar10, "):
        gan.PRESETS[7]
    assert "hinje" not in gan.LOSSES and gan.LOSSES.get("hinje", 1) == 1
