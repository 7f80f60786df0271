"""Tests of the conversion and the storage of Inception weights."""

import hashlib

import jax
import numpy as np
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.cli import main
from minmax_jax.gan.evaluation.features import inception_file, inception_weights
from minmax_jax.gan.networks import Network
from tests.gan.evaluation.features.torch_files import torch_bytes

CONTENT = torch_bytes(
    {
        "stem.conv.weight": np.arange(72, dtype=np.float32).reshape(4, 3, 2, 3),
        "stem.bn.running_var": np.ones(4, np.float32),
        "stem.bn.num_batches_tracked": np.int64(3),
        "fc.weight": np.arange(8, dtype=np.float32).reshape(2, 4),
    },
    legacy=True,
)


def tiny_network():
    shape = lambda *size: jax.ShapeDtypeStruct(size, np.float32)  # noqa: E731
    params = {"stem": {"conv": {"kernel": shape(2, 3, 3, 4)}}, "fc": {"kernel": shape(4, 2)}}
    return Network(pytest.fail, params, {"stem": {"bn": {"var": shape(4)}}})


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Makes `CONTENT` the published file of a network with three arrays; returns its path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(inception_weights, "empty_network", tiny_network)
    monkeypatch.setattr(inception_weights, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    path = tmp_path / "elsewhere" / inception_file.NAME
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def message_of(function, *args, **kwargs):
    with pytest.raises(ConfigError) as caught:
        function(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_published_digest_begins_with_the_digits_of_the_name():
    assert inception_file.NAME == f"weights-inception-2015-12-05-{inception_file.SHA256[:8]}.pth"
    assert len(inception_file.SHA256) == 64


def test_converted_weights_are_loaded_in_the_order_of_flax(published):
    stored = inception_weights.convert(published)
    assert stored == inception_weights.stored_path() and stored.suffix == ".npz"
    (params, stats), digest = inception_weights.load(tiny_network())
    assert digest == hashlib.sha256(CONTENT).hexdigest()[:8]
    kernel = np.arange(72, dtype=np.float32).reshape(4, 3, 2, 3).transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(params["stem"]["conv"]["kernel"], kernel, strict=True)
    np.testing.assert_array_equal(params["fc"]["kernel"], np.arange(8).reshape(2, 4).T)
    np.testing.assert_array_equal(stats["stem"]["bn"]["var"], np.ones(4))
    # A file that was not converted gives the same weights.
    found = inception_weights.load(tiny_network(), published)
    jax.tree.map(np.testing.assert_array_equal, found, ((params, stats), digest))


def test_command_finds_the_file_in_the_folder_of_torch_hub(published, tmp_path, capsys):
    assert main.main(["convert-inception"]) == 2
    error = capsys.readouterr().err
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    assert f"not in {folder} or " in error and "--download" in error and error.count("\n") == 1
    assert inception_file.URL in error and "--weights FILE" in error
    folder.mkdir(parents=True)
    (folder / inception_file.NAME).write_bytes(CONTENT)
    assert main.main(["convert-inception"]) == 0
    assert str(inception_weights.stored_path()) in capsys.readouterr().out
    inception_weights.check(None)


def test_command_downloads_the_file_only_if_asked(published, monkeypatch, capsys):
    monkeypatch.setattr(inception_file, "URL", published.as_uri())
    assert main.main(["convert-inception", "--download"]) == 0
    assert "downloading the Inception weights (91 MB)" in capsys.readouterr().err
    inception_weights.load(tiny_network())
    monkeypatch.setattr(inception_file, "URL", published.as_uri() + ".absent")
    message = message_of(inception_weights.convert, download=True)
    assert "cannot be downloaded" in message and "convert-inception --weights FILE" in message


def test_conversion_refuses_another_file(published, tmp_path):
    other = tmp_path / "other.pth"
    other.write_bytes(CONTENT[:-1] + b"\x01")
    message = message_of(inception_weights.convert, other)
    assert f"weights={other} is not the published file: its SHA-256 begins with" in message
    assert f"weights={tmp_path}/absent is not a file" in message_of(
        inception_weights.convert, tmp_path / "absent"
    )
    assert not inception_weights.stored_path().exists()


def test_conversion_reports_a_cache_that_cannot_be_written(published, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    message = message_of(inception_weights.convert, published)
    assert "cannot be stored in" in message and "Set XDG_CACHE_HOME" in message


def test_missing_weights_name_the_command_and_the_address(published):
    for function, arguments in (
        (inception_weights.check, (None,)),
        (inception_weights.load, (tiny_network(),)),
    ):
        message = message_of(function, *arguments)
        assert "Run minmax-jax convert-inception --download once" in message
        assert inception_file.URL in message and f"--weights {inception_file.NAME}" in message
    message = message_of(inception_weights.check, "absent")
    assert "inception_weights=absent is not a file" in message


def _rewrite(stored, **changes):
    with np.load(stored) as arrays:
        np.savez(stored, **{**arrays, **changes})


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored.write_bytes(b"no archive"),
        lambda stored: _rewrite(stored, **{"stem/bn/var": np.zeros(4, np.float32)}),
        lambda stored: _rewrite(stored, **{"stem/bn/var": np.ones(5, np.float32)}),
        lambda stored: _rewrite(stored, sha256=np.zeros(32, np.uint8)),
        lambda stored: stored.parent.chmod(0o777),
    ],
)
def test_damaged_weights_are_not_used(published, damage):
    stored = inception_weights.convert(published)
    damage(stored)
    message = message_of(inception_weights.load, tiny_network())
    assert f"{stored} cannot be used (" in message and "convert-inception again" in message


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"fc.weight": np.zeros((2, 4), np.float32)}, "stem.conv.weight is missing"),
        ({"stem.conv.weight": np.zeros((3, 4, 2, 3), np.float32)}, "of shape (3, 4, 2, 3)"),
        ({"stem.conv.weight": np.zeros((4, 3, 2, 3), np.int64)}, "stem.conv.weight is int64"),
        (
            {
                "stem.conv.weight": np.zeros((4, 3, 2, 3), np.float32),
                "stem.bn.running_var": np.ones(4, np.float32),
                "fc.weight": np.zeros((2, 4), np.float32),
                "fc.extra": np.zeros(2, np.float32),
            },
            "fc.extra' is not known",
        ),
        ([1.0], "does not contain tensors by name"),
    ],
)
def test_other_weights_are_refused(tmp_path, tensors, reason):
    path = tmp_path / "other.pth"
    path.write_bytes(torch_bytes(tensors))
    message = message_of(inception_weights.load, tiny_network(), path)
    assert "does not contain torch-fidelity's Inception weights" in message and reason in message
