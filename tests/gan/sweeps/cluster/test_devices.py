"""Division of accelerators and processor cores among the workers on one machine."""

import os

import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.sweeps.cluster import devices

MEMORY = "XLA_PYTHON_CLIENT_MEM_FRACTION"


@pytest.mark.parametrize(
    ("found", "workers", "each", "expected"),
    [
        (("cuda", 4), 0, 0, (4, 1)),
        (("cuda", 4), 0, 2, (2, 2)),
        (("cuda", 4), 8, 0, (8, 1)),
        (("tpu", 4), 0, 0, (1, 4)),
        (("cpu", 1), 0, 0, (3, 1)),
        (("cpu", 1), 2, 0, (2, 1)),
    ],
)
def test_workers_get_whole_devices(monkeypatch, found, workers, each, expected):
    monkeypatch.setattr(devices, "_probe", lambda: found)
    monkeypatch.setattr(devices, "_cores", lambda: list(range(6)))
    share = devices.divide(workers, each)
    assert (share.workers, share.each) == expected


@pytest.mark.parametrize(
    ("found", "workers", "each", "message"),
    [
        (("cuda", 2), 0, 4, "devices must be at most 2"),
        (("tpu", 4), 2, 0, "workers must be 1 on a machine with TPUs, got 2"),
    ],
)
def test_impossible_division_is_refused(monkeypatch, found, workers, each, message):
    monkeypatch.setattr(devices, "_probe", lambda: found)
    with pytest.raises(ConfigError, match=message):
        devices.divide(workers, each)


@pytest.mark.parametrize(
    ("share", "index", "given", "visible", "memory"),
    [
        (devices.Share(4, "cuda", 4, 1), 2, None, "2", None),
        (devices.Share(2, "cuda", 4, 2), 1, None, "2,3", None),
        (devices.Share(2, "cuda", 2, 1), 1, "5,7", "7", None),
        (devices.Share(3, "cuda", 2, 1), 2, None, "0", "0.375"),
    ],
)
def test_worker_sees_its_own_gpus_only(monkeypatch, share, index, given, visible, memory):
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", MEMORY):
        monkeypatch.delenv(name, raising=False)
    if given:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    monkeypatch.setattr(devices, "_leave_signals_to_parent", lambda: None)
    devices.take(share, index)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
    assert os.environ.get(MEMORY) == memory
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", MEMORY):
        os.environ.pop(name, None)


def test_workers_divide_the_cores_of_a_cpu(monkeypatch):
    taken = []
    monkeypatch.setattr(devices, "_leave_signals_to_parent", lambda: None)
    monkeypatch.setattr(devices, "_cores", lambda: [0, 1, 2, 3, 4])
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, own: taken.append(own), raising=False)
    for index in range(2):
        devices.take(devices.Share(2, "cpu", 1, 1), index)
    devices.take(devices.Share(7, "cpu", 1, 1), 6)  # There are more workers than cores.
    assert taken == [[0, 2, 4], [1, 3], [1]]


def test_probe_reports_why_jax_does_not_start(monkeypatch):
    monkeypatch.setattr(devices, "_PROBE", "raise RuntimeError('no driver')")
    with pytest.raises(ConfigError, match=r"JAX does not start .*no driver"):
        devices.divide(0, 0)
