"""Weights & Biases receives each record and image once, without a network."""

import json
import struct
import sys

import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan.cli import main
from minmax_jax.gan.run import sample_files, weights_and_biases


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Sends nothing, and keeps settings and caches of the user out of the test."""
    wandb = pytest.importorskip("wandb")
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("WANDB_MODE", "offline")
    yield wandb
    wandb.teardown()


def rows(folder):
    """Reads the rows of all offline runs of a folder, oldest first."""
    from wandb.proto import wandb_internal_pb2

    found = []
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        for content in _records(path.read_bytes()):
            record = wandb_internal_pb2.Record.FromString(content)
            if record.WhichOneof("record_type") == "history":
                items = record.history.item
                row = {"/".join(i.nested_key) or i.key: json.loads(i.value_json) for i in items}
                found.append({k: v for k, v in row.items() if not k.startswith("_")})
    return found


def _records(content):
    """Yields the records of a LevelDB log: blocks of 32 KiB with chunks of a type and a length."""
    place, parts = 7, b""  # After the header of Weights & Biases.
    while place + 7 <= len(content):
        if place % 2**15 > 2**15 - 7:  # No chunk begins at the end of a block.
            place += -place % 2**15
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # A whole record, or its last part.
            yield parts
            parts = b""


def add_image(folder, step):
    path = sample_files.path(folder, step)
    path.parent.mkdir(exist_ok=True)
    Image.new("L", (2, 2), step).save(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_resumed_run_adds_only_what_is_new(tmp_path, offline):
    first = '{"step": 2, "loss_min": 1.5}\n{"step": 4, "loss_min": null}\n'
    scores = '{"step": 4, "extractor": "pixels", "precision": 0.25}\n'
    last = '{"step": 6, "loss_min": 0.5}\n'
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text(first)
    with weights_and_biases.open_copy(tmp_path, {"steps": 4}) as copy:
        add_image(tmp_path, 4)
        copy()
    metrics.write_text(first + scores)
    with weights_and_biases.open_copy(tmp_path, {"steps": 8}):
        metrics.write_text(first + scores + last)
        add_image(tmp_path, 6)
    offline.teardown()  # The service of wandb writes the end of a file after `finish` has returned.
    found = rows(tmp_path)
    kept = ("samples/_type", "samples/width")
    shown = [
        {k: v for k, v in row.items() if not k.startswith("samples/") or k in kept} for row in found
    ]
    image = {"samples/_type": "image-file", "samples/width": 2}
    assert shown == [
        {"step": 2, "loss/min": 1.5},
        {"step": 4, **image},
        {"step": 4, "precision": 0.25},
        {"step": 6, "loss/min": 0.5},
        {"step": 6, **image},
    ]
    names = {path.stem for path in tmp_path.glob("wandb/offline-run-*/*.wandb")}
    sent = json.loads((tmp_path / "wandb" / "minmax-jax.json").read_text())
    assert names == {f"run-{sent['name']}"} and sent["image_step"] == 6


@pytest.mark.parametrize(
    "text", ["", "[]", '{"name": "../x"}', '{"name": "a", "step": "1"}', '{"name": "a", "b": 1}']
)
def test_invalid_file_of_sent_records_is_replaced(tmp_path, text):
    path = tmp_path / "minmax-jax.json"
    path.write_text(text)
    found = weights_and_biases._read(path)
    assert found.name.isalnum() and len(found.name) == 8
    assert found[1:] == (-1, 0, -1)


def test_linked_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "wandb").symlink_to("elsewhere")
    with pytest.raises(gan.ConfigError, match="must be a folder, but is a symbolic link"):
        with weights_and_biases.open_copy(tmp_path, {}):
            pass


def test_missing_wandb_is_reported_before_writing(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    out = tmp_path / "run"
    assert main.main(["train", "--steps", "4", "--wandb", "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert "pip install 'minmax-jax[wandb]'" in err and err.count("\n") == 1
    assert not out.exists()


def test_missing_login_is_one_line(offline, monkeypatch):
    def refuse():
        raise offline.errors.UsageError("No API key configured.\nUse `wandb login`.")

    monkeypatch.setattr(offline, "login", refuse)
    monkeypatch.setattr(offline.setup().settings, "mode", "online")
    with pytest.raises(gan.ConfigError, match=r"wandb: No API key .*WANDB_MODE=offline") as error:
        weights_and_biases.check_ready()
    assert "\n" not in str(error.value)
