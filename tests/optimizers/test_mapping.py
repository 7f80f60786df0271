"""The mapping `mm.optimizers`."""

import copy
import pickle
from collections.abc import Mapping

import pytest

import minmax_jax as mm


def test_mapping_has_the_behavior_of_a_read_only_dict():
    assert isinstance(mm.optimizers, Mapping)
    assert dict(mm.optimizers)["sgda"] is mm.optimizers["sgda"] is mm.sgda
    assert mm.optimizers.get("adam") is None and "adam" not in mm.optimizers
    assert [] not in mm.optimizers and len(mm.optimizers) == len(list(mm.optimizers))
    assert copy.deepcopy(mm.optimizers) == pickle.loads(pickle.dumps(mm.optimizers))
    with pytest.raises(TypeError):
        mm.optimizers["mine"] = mm.sgda


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("extragadient", "got 'extragadient'. Did you mean 'extragradient' or "),
        ("pdhg", "got 'pdhg'. Choose from ada_dir, ada_nsgda, "),
        (3, "got 3. Choose from ada_dir, "),
        (["sgda"], r"got ['sgda']. Choose from ada_dir, "),
    ],
)
def test_unknown_names_raise_one_line_with_similar_names(name, message):
    with pytest.raises(KeyError) as raised:
        mm.optimizers[name]
    assert str(raised.value).startswith(
        f"optimizers: name must be the name of an optimizer, {message}"
    )
    assert "\n" not in str(raised.value)
