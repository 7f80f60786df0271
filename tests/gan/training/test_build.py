import jax
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build
from tests.devices import first_devices


@pytest.mark.parametrize(
    ("processes", "devices", "message"),
    [
        (1, 99, "devices must be at most 8, .* XLA_FLAGS=.*_count=99.$"),
        (2, 99, "devices must be 8, .* got 99. Set devices to 8, or to 0 for all.$"),
        (2, 4, "devices must be 8, .* got 4. Set devices to 8, or to 0 for all.$"),
    ],
)
def test_wrong_number_of_devices_raises(processes, devices, message, monkeypatch):
    first_devices(8)
    monkeypatch.setattr(jax, "process_count", lambda: processes)
    with pytest.raises(ConfigError, match=message):
        build.pick_devices(presets.preset("digits", devices=devices))
