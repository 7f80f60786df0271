"""Records and images of a run are copied once, in the order of their steps."""

import io

from PIL import Image

from minmax_jax.gan.run import mirror, sample_files


def png(folder, step, shade=0):
    path = sample_files.path(folder, step)
    path.parent.mkdir(exist_ok=True)
    content = io.BytesIO()
    Image.new("L", (2, 2), shade).save(content, "png")
    path.write_bytes(content.getvalue())


class Calls:
    """A log that notes what is added to it."""

    def __init__(self):
        self.added = []

    def add_scalars(self, event, values):
        self.added.append((event.step, event.seconds, values))

    def add_image(self, event, name, path):
        self.added.append((event.step, event.seconds, (name, path.name)))

    def flush(self):
        self.added.append("flush")


def test_mirror_copies_records_and_images_in_order(tmp_path):
    calls = Calls()
    copy = mirror.Mirror(tmp_path, calls)
    copy.update()
    png(tmp_path, 2)
    png(tmp_path, 6)
    with (tmp_path / "metrics.jsonl").open("w") as file:
        file.write('{"step": 2, "loss_min": 1.0, "seconds": 0.5}\n{"step": 4, "loss_min": null}\n')
        file.write('{"step": 6, "extr')
        file.flush()
        copy.update()
        file.write('actor": "pixels", "precision": 0.5}\n')
    png(tmp_path, 8)
    copy.update()
    assert calls.added == [
        "flush",
        (2, 0.5, {"loss_min": 1.0, "seconds": 0.5}),
        (2, 0.5, ("samples", "00000002.png")),
        (4, 0.5, {}),
        (6, 0.5, ("samples", "00000006.png")),
        "flush",
        (6, 0.5, {"precision": 0.5}),
        (8, 0.5, ("samples", "00000008.png")),
        "flush",
    ]


def test_steps_and_deletion_leave_other_files_alone(tmp_path):
    for step in (4, 10, 123456789):
        png(tmp_path, step)
    folder = tmp_path / "samples"
    (folder / "00000006.png").write_text("years of work")
    (folder / "00000008.png").write_bytes(b"")  # After losing power.
    (folder / "00012.png").write_text("of another program")
    (folder / "00000010.png.0f32c1a9.part").write_text("of a killed process")
    (folder / "mine.part").write_text("of another program")
    (folder / "00000012.png").symlink_to("00000004.png")
    assert sample_files.steps(tmp_path) == [4, 10, 123456789]
    sample_files.delete_after(tmp_path, 4)
    assert sample_files.steps(tmp_path) == [4]
    left = sorted(path.name for path in folder.iterdir())
    assert left == [*(f"000000{n}.png" for n in ("04", "06", "08", "12")), "00012.png", "mine.part"]
    assert sample_files.steps(tmp_path / "nowhere") == []
