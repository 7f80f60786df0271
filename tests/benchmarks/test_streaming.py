"""Rates of streamed images: generated sets, observed runs, and tables."""

import io
import json

import pytest
from PIL import Image

from benchmarks import decoding, stream_memory, stream_run, stream_sets, streaming


def rate(per_second, own, workers=0.0):
    return {
        "images_per_second": per_second,
        "own_microseconds": own,
        "worker_microseconds": workers,
    }


def test_report_relates_the_pipeline_to_the_steps():
    found = {
        "1 worker": rate(4000.0, 50.0, 200.0),
        "1 worker, decoded once": rate(8000.0, 50.0, 75.0),
        "tiny": rate(16_000.0, 125.0),
        "DCGAN": rate(100.0, 10_000.0),
    }
    text = streaming.report({"sets": {"32×32×3, PNG": found}})
    assert "| 32×32×3, PNG, 1 worker | 200 | 50 | 0.25 | 40.00 | 0.50 | 40.00 |" in text
    # 64 images in 1.6 ms, times 200 µs and 75 µs.
    assert "| 32×32×3, PNG | DCGAN of width 64 | 40,000 | 8.0 | 3.0 |" in text


def test_decoding_report_compares_images_of_the_same_size():
    images = {
        "8×8×1, PNG": {"decoded": 200.0, decoding.DECODED_ONCE: 10.0},
        "9×9×1, PNG": {"decoded": 300.0, decoding.DECODED_ONCE: 20.0},
    }
    config = {"networks": decoding.QUICK.networks}
    text = decoding.report({"config": config, "images": images, "steps": {"mlp": 100.0}})
    assert "| 8×8×1, PNG, decoded | 200 | 0.50 |" in text
    assert "| 9×9×1, PNG, decoded once | 20 | – |" in text
    assert "| DCGAN of width 64 | 40,000 | 8.0 | 0.4 |" in text


@pytest.mark.slow
def test_quick_suite_measures_decoding():
    pytest.importorskip("grain", reason="needs the extra stream")
    result = decoding.run(decoding.QUICK, lambda line: None)
    (forms,) = result["images"].values()
    assert list(forms) == ["decoded", decoding.DECODED_ONCE] and min(forms.values()) > 0
    assert result["steps"]["mlp"] > 0 and "decoded once" in decoding.report(result)


def test_generated_images_have_the_given_format():
    for channels, mode, kind in ((1, "L", "PNG"), (3, "RGB", "JPEG")):
        with Image.open(io.BytesIO(stream_sets.encode(0, 8, channels, kind))) as image:
            assert (image.format, image.mode, image.size) == (kind, mode, (8, 8))


def test_images_read_ignores_an_unfinished_line(tmp_path):
    assert stream_run.images_read(tmp_path) == 0
    (tmp_path / "metrics.jsonl").write_text('{"step": 3}\n{"st')
    assert stream_run.images_read(tmp_path) == 3 * stream_run.BATCH


def test_memory_picture_is_drawn(tmp_path):
    samples = [[float(i), 64 * i, 700.0, 200.0, 500.0 + i] for i in range(5)]
    record = {"side": 256, "samples": samples}
    stream_memory.draw(record, tmp_path / "memory.png")
    assert (tmp_path / "memory.png").stat().st_size > 1000


@pytest.mark.slow
def test_quick_suite_measures_all_forms(tmp_path):
    pytest.importorskip("grain", reason="needs the extra stream")
    pytest.importorskip("psutil")
    result = streaming.run(streaming.QUICK, lambda line: None)
    (found,) = result["sets"].values()
    assert list(found) == ["tiny", "DCGAN", "threads", "threads, decoded once"]
    for one in found.values():
        assert one["images_per_second"] > 0 and one["own_microseconds"] > 0
    json.dumps(result)
    assert "threads, decoded once" in streaming.report(result)
