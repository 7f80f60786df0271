"""A state that is divided inside each of two processes."""

import numpy as np
import pytest

from tests.gan.multihost.test_process_group import (
    ends,
    final,
    processes,  # noqa: F401  (a fixture)
    start,
    two_launches,
)

LARGE = ("--width", "64", "--log-every", "5", "--checkpoint-every", "10")


def start_two(folders, cache, *flags, devices=2):
    return [
        start(folder, cache, *together, *LARGE, *flags, devices=devices)
        for folder, together in zip(folders, two_launches(), strict=True)
    ]


@pytest.mark.slow
def test_two_divided_processes_match_one_replicated(tmp_path, processes):  # noqa: F811
    one, two, nothing = tmp_path / "one", tmp_path / "two", tmp_path / "nothing"
    cache = tmp_path / "programs"
    processes.append(start(one, cache, *LARGE, "--steps", "20", devices=4))
    code, _, err = ends(processes[-1])
    assert code == 0, err
    for steps in ("10", "20"):
        flags = ("--parallel", "fsdp", "--steps", steps, "--sample-every", "10")
        processes += start_two([two, nothing], cache, *flags)
        results = [ends(process) for process in processes[-2:]]
        assert [code for code, _, _ in results] == [0, 0], results
    assert "resuming" in results[0][2]
    assert not nothing.exists()
    (step, expected), (other, found) = final(one), final(two)
    assert step == other == 20 and expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=2e-5, rtol=1e-3, err_msg=name)


@pytest.mark.slow
def test_one_device_per_process_is_refused(tmp_path, processes):  # noqa: F811
    folders = [tmp_path / "a", tmp_path / "b"]
    processes += start_two(folders, tmp_path, "--parallel", "fsdp", devices=1)
    for code, _, err in [ends(process) for process in processes]:
        assert code == 2 and "Traceback" not in err
        assert "parallel=fsdp divides the state among the devices of one process, got 1" in err
