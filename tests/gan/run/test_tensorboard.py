"""TensorBoard event files contain each logged value once."""

import errno
import struct
import sys

import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan.base.errors import WriteFailed
from minmax_jax.gan.cli import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import mirror, run_folder, sample_files, tensorboard

SMALL = {
    "width": 8,
    "latent_dim": 4,
    "batch_size": 16,
    "log_every": 2,
    "checkpoint_every": 4,
    "evaluate": 0,
    "devices": 1,
}


def scalars(folder):
    """Reads `(tag, step, value)` of every number in a run, in order."""
    return [(v.tag, step, v.simple_value) for step, v in values(folder) if not v.image.width]


def images(folder):
    """Reads `(tag, step, height, width, PNG content)` of every image in a run, in order."""
    return [
        (v.tag, step, v.image.height, v.image.width, v.image.encoded_image_string)
        for step, v in values(folder)
        if v.image.width
    ]


def values(folder):
    """Reads the step and the value of every event in a run, in order."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    found = []
    for path in sorted((folder / "tensorboard").iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):  # TFRecord: length, its checksum, event, its checksum
            (length,) = struct.unpack_from("<Q", content, place)
            event = event_pb2.Event.FromString(content[place + 12 : place + 12 + length])
            found += [(event.step, value) for value in event.summary.value]
            place += length + 16
    return found


def expected(folder):
    return [
        (mirror.tag(name), record["step"], pytest.approx(value, rel=1e-6))
        for record in run_folder.read_metrics(folder)
        for name, value in record.items()
        if name != "step" and isinstance(value, int | float)
    ]


def test_events_equal_records_and_images_after_resuming(tmp_path):
    config = presets.preset("digits", out=str(tmp_path), steps=6, sample_every=3, **SMALL)
    gan.train(config, use_tensorboard=True)
    written = scalars(tmp_path)
    assert written == expected(tmp_path)
    assert {"loss/min", "loss/max", "gradient_norm/min", "update_norm_ratio"} <= {
        tag for tag, _, _ in written
    }
    run_folder.append_metrics(tmp_path, {"step": 99, "loss_min": 1.0})  # discarded on resume
    sample_files.path(tmp_path, 99).write_bytes(sample_files.path(tmp_path, 3).read_bytes())
    resumed = presets.preset("digits", out=str(tmp_path), steps=8, sample_every=3, **SMALL)
    gan.train(resumed, use_tensorboard=True)
    assert scalars(tmp_path) == expected(tmp_path)
    steps = [step for tag, step, _ in scalars(tmp_path) if tag == "loss/min"]
    assert steps == [2, 4, 6, 8]
    shown = [sample_files.path(tmp_path, step) for step in (3, 6, 8)]
    with Image.open(shown[0]) as image:
        width, height = image.size
    assert images(tmp_path) == [
        ("samples", step, height, width, path.read_bytes())
        for step, path in zip((3, 6, 8), shown, strict=True)
    ]
    assert sample_files.steps(tmp_path) == [3, 6, 8]
    with Image.open(tmp_path / sample_files.STRIP) as strip:
        assert strip.size[0] == 3 * (width // 8)


def test_events_omit_null_and_text_and_follow_the_file(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(
        '{"step": 1, "loss_min": null, "update_norm_ratio": 2.0}\n{"st'
    )
    with tensorboard.open_copy(tmp_path) as copy:
        copy()
        (tmp_path / "metrics.jsonl").write_text(
            '{"step": 1, "loss_min": null, "update_norm_ratio": 2.0}\n'
            '{"step": 2, "extractor": "pixels", "kernel_distance": 0.5}\n'
        )
        copy()
        copy()
    assert scalars(tmp_path) == [("update_norm_ratio", 1, 2.0), ("kernel_distance", 2, 0.5)]


def test_only_own_event_files_are_deleted(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss_min": 2.0}\n')
    with tensorboard.open_copy(tmp_path):
        pass
    (own,) = (tmp_path / "tensorboard").iterdir()
    others = ["thesis.tex", "events.out.tfevents.1.host", "events.out.tfevents.2.minmax-jax"]
    (tmp_path / "tensorboard" / others[0]).write_text("years of work")
    (tmp_path / "tensorboard" / others[1]).write_text("of another program")
    (tmp_path / "tensorboard" / others[2]).symlink_to("thesis.tex")
    own.rename(own.with_name("events.out.tfevents.0.host.minmax-jax"))
    with tensorboard.open_copy(tmp_path):
        pass
    names = sorted(path.name for path in (tmp_path / "tensorboard").iterdir())
    assert len(names) == 4 and set(others) < set(names)
    assert (tmp_path / "tensorboard" / "thesis.tex").read_text() == "years of work"


def test_linked_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tensorboard").symlink_to("elsewhere")
    with pytest.raises(gan.ConfigError, match="must be a folder, but is a symbolic link"):
        with tensorboard.open_copy(tmp_path):
            pass


def test_full_disk_ends_the_copy_with_one_line(tmp_path, monkeypatch):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss_min": 2.0}\n' * 100)

    event_file_writer = pytest.importorskip("tensorboardX.event_file_writer")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WriteFailed, match=r"tensorboard cannot be written .No space left"):
        with tensorboard.open_copy(tmp_path) as copy:
            (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss_min": 2.0}\n' * 200)
            monkeypatch.setattr(event_file_writer.EventsWriter, "write_event", full)
            copy()


def test_missing_tensorboardx_is_reported_before_writing(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    out = tmp_path / "run"
    assert main.main(["train", "--steps", "4", "--tensorboard", "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert "pip install 'minmax-jax[tensorboard]'" in err and err.count("\n") == 1
    assert not out.exists()
