"""Tests of how tests get devices."""

import re
from pathlib import Path
from types import SimpleNamespace

import jax
import pytest

from tests.devices import GPU_TESTS, first_devices, up_to_devices

TAKES_DEVICES = re.compile(r"devices\(\)\[:(?!1\])|(?<!fsdp\.)make_mesh\((?!.*devices=)")
"""Code that takes several devices, or as many as a mesh needs, without a test for their number.
`fsdp.make_mesh` takes the devices as its first argument."""


def test_test_is_skipped_where_devices_are_missing(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: ["gpu:0"])
    assert first_devices(1) == up_to_devices(4) == ["gpu:0"]
    with pytest.raises(pytest.skip.Exception, match=r"needs 4 devices, .* has 1 \(gpu:0\)"):
        first_devices(4)


def test_tests_take_several_devices_only_by_first_devices():
    assert TAKES_DEVICES.search("jax.devices()[:4]") and TAKES_DEVICES.search("make_mesh((2,), 'x'")
    tests = Path(__file__).parent
    found = [
        f"{path}:{number}"
        for path in tests.rglob("*.py")
        if path.name not in ("devices.py", "test_devices.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if TAKES_DEVICES.search(line)
    ]
    assert not found


def test_tests_for_a_gpu_are_marked(pytestconfig):
    assert all(place.exists() for place in GPU_TESTS)
    (plugin,) = (
        plugin
        for plugin in pytestconfig.pluginmanager.get_plugins()
        if getattr(plugin, "__file__", None) == str(Path(__file__).parent / "conftest.py")
    )
    marks = {place: [] for place in (GPU_TESTS[0], Path(__file__))}
    plugin.pytest_collection_modifyitems(
        [SimpleNamespace(path=place, add_marker=found.append) for place, found in marks.items()]
    )
    assert list(marks.values()) == [["gpu"], []]
