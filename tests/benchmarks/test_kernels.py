"""Profiles of kernels."""

import types

import jax
import numpy as np
import pytest

from benchmarks import kernel_forms, kernels, update
from tests.devices import first_devices


def plane(name, **lines):
    made = [
        types.SimpleNamespace(
            name=line,
            events=[types.SimpleNamespace(name=n, duration_ns=t) for n, t in events],
        )
        for line, events in lines.items()
    ]
    return types.SimpleNamespace(name=name, lines=made)


DATA = types.SimpleNamespace(
    planes=[
        plane("/device:GPU:0", Stream1=[("sum", 3000), ("add", 1000), ("sum", 5000)], Steps=[]),
        plane("/host:CPU", Stream1=[("python", 9e9)]),
    ]
)


def test_kernels_are_counted_per_call():
    found = kernels.kernels(DATA, 2)
    assert found == [("sum", 1.0, 4.0), ("add", 0.5, 0.5)]
    text = kernels.report("step", found, 1)
    assert "step: 2 kernels, 4 µs" in text and "| `sum` | 1 | 4.00 | 4.0 |" in text
    assert "add" not in text


def test_profile_of_a_machine_without_a_gpu_has_no_kernels():
    first_devices(1)
    command = kernels.parse(["update", "--elements", "200", "--leaves", "4", "--names", "mm.sgda"])
    for name, make in kernels.updates(command).items():
        assert name == "mm.sgda" and isinstance(make(), update.Update)
        assert kernels.profile(make(), 2) == []


def test_bad_commands_end_with_one_line(monkeypatch):
    with pytest.raises(SystemExit, match="'adam' is unknown; choose from"):
        kernels.updates(kernels.parse(["update", "--names", "adam"]))
    with pytest.raises(SystemExit, match="'mpl' is unknown; choose from dcgan, mlp, resnet"):
        kernels.trainers(kernels.parse(["trainer", "--networks", "mpl"]))
    cpu = types.SimpleNamespace(platform="cpu")
    monkeypatch.setattr(kernels.jax, "devices", lambda: [cpu])
    with pytest.raises(SystemExit, match="needs a GPU"):
        kernels.main(kernels.parse(["trainer"]))


def test_trainers_are_chosen_by_network():
    names = list(kernels.trainers(kernels.parse(["trainer", "--networks", "mlp"])))
    assert names == ["mlp 256, 50 bare steps", "mlp 256, 50 steps of the trainer"]
    assert len(kernels.trainers(kernels.parse(["trainer"]))) == 8


@pytest.mark.parametrize("donate", [True, False])
def test_forms_of_an_update_agree(donate):
    first_devices(1)
    g, m, v, p = kernel_forms.make_leaf(64, "float32", 0)
    new_m, new_v = kernel_forms.moments(g, m, v)
    direction = new_m / (np.sqrt(new_v) + kernel_forms.EPS)
    scale = kernel_forms.LEARNING_RATE * np.linalg.norm(direction) / np.linalg.norm(g)
    for name in set(kernel_forms.FORMS) - {"adam"}:
        states = kernel_forms.calls(name, 64, 32, "float32", donate, 2)()
        assert len(states) == 2
        found = jax.tree.map(np.asarray, states[0])
        np.testing.assert_allclose(found[0], new_m, rtol=1e-5, atol=1e-7, err_msg=name)
        np.testing.assert_allclose(found[1], new_v, rtol=1e-5, err_msg=name)
        np.testing.assert_allclose(found[2] - p, -scale * g, rtol=1e-3, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("factor", [1e-25, 1e25])
def test_forms_of_an_update_take_scaled_norms(factor):
    g = kernel_forms.make_leaf(64, "float32", 0)[0] * factor
    sums = kernel_forms.row_sums(kernel_forms.squares(g, kernel_forms.THREE), 64)
    new = kernel_forms.row_sums(kernel_forms.squares(g / factor, kernel_forms.TWO), 64)
    moved = kernel_forms.apply(g, 0 * g, [*sums, *new])
    np.testing.assert_allclose(moved, -kernel_forms.LEARNING_RATE * g / factor, rtol=1e-4)


def test_forms_are_chosen_by_size():
    assert "Triton" in kernels.forms(kernels.parse(["forms", "--side", "64"]))
    small = kernels.forms(kernels.parse(["forms", "--side", "20", "--row", "20"]))
    assert list(small) == ["adam", "three kernels", "sums first", "moments with sums"]
    with pytest.raises(SystemExit, match="--row 64 does not divide the 400 elements"):
        kernels.forms(kernels.parse(["forms", "--side", "20"]))
