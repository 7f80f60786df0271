"""Profiles of kernels."""

import types

import pytest

from benchmarks import kernels, update
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
