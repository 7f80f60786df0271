"""Tests of how tests get devices."""

import re
from pathlib import Path

import jax
import pytest

from tests.devices import first_devices, up_to_devices

TAKES_DEVICES = re.compile(r"devices\(\)\[:(?!1\])|make_mesh\((?!.*devices=)")
"""Code that takes several devices, or as many as a mesh needs, without a test for their number."""


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
