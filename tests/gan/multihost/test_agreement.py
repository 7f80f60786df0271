"""The settings of all processes are compared."""

import math

import jax
import pytest

from minmax_jax.gan.config.config import Config
from minmax_jax.gan.multihost import agreement


def test_equal_settings_have_no_differences():
    settings = agreement.settings_of(Config().flat())
    assert agreement.differences([settings, dict(settings), dict(settings)]) == ""


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("learning_rate_min", 0.5, "learning_rate_min: {} in processes 0 and 2, 0.5 in process 1"),
        ("options", {"b1": 0.5}, 'options: {} in processes 0 and 2, {{"b1": 0.5}} in process 1'),
        ("width", math.nan, "width: {} in processes 0 and 2, NaN in process 1"),
    ],
)
def test_difference_names_field_values_and_processes(field, value, text):
    flat = Config().flat()
    one, other = (agreement.settings_of(values) for values in (flat, {**flat, field: value}))
    assert agreement.differences([one, other, one]) == text.format(one[field])


def test_run_folder_may_differ():
    flat = Config().flat()
    assert agreement.settings_of({**flat, "out": "a"}) == agreement.settings_of(flat)


@pytest.mark.parametrize("library", agreement.LIBRARIES)
def test_versions_are_compared(library, monkeypatch):
    before = agreement.settings_of({})
    version = agreement.metadata.version
    monkeypatch.setattr(
        agreement.metadata, "version", lambda name: "0.0.1" if name == library else version(name)
    )
    text = agreement.differences([before, agreement.settings_of({})])
    assert text.startswith(f"version of {library}: ") and text.endswith('"0.0.1" in process 1')


def test_settings_of_jax_are_compared(monkeypatch):
    before = agreement.settings_of({})
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_deterministic_ops=true --xla_dump_to=dump")
    with jax.enable_x64(not jax.config.jax_enable_x64):
        text = agreement.differences([before, agreement.settings_of({})])
    assert "jax_enable_x64: false in process 0, true in process 1" in text
    assert '"--xla_gpu_deterministic_ops=true"] in process 1' in text and "dump" not in text


def test_device_count_flag_may_differ(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=3")
    before = agreement.settings_of({})
    monkeypatch.setenv("XLA_FLAGS", "")
    assert agreement.settings_of({}) == before


def test_source_checksum_depends_on_names_and_content(tmp_path):
    def checksum(name, content):
        folder = tmp_path / name.replace(".", "-") / content
        folder.mkdir(parents=True)
        (folder / name).write_text(content)
        return agreement.source_crc32(folder)

    found = [checksum("a.py", "1"), checksum("b.py", "1"), checksum("a.py", "2")]
    assert len(set(found)) == 3


def test_message_stays_one_short_line():
    one = {f"field{i}": "1" for i in range(30)}
    other = {f"field{i}": "\x1b[2J\n" + "x" * 10_000 for i in range(30)}
    text = agreement.differences([one, other])
    assert text.isprintable() and text.endswith("; and 20 more") and len(text) < 2000


@pytest.mark.parametrize(
    ("processes", "text"),
    [
        ([3], "process 3"),
        ([0, 2], "processes 0 and 2"),
        ([0, 1, 2, 3], "processes 0, 1, 2 and 3"),
        (list(range(9)), "processes 0, 1, 2 and 6 more"),
    ],
)
def test_named_lists_few_processes(processes, text):
    assert agreement.named(processes) == text
