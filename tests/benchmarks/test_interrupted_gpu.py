"""The command for a GPU continues after its last finished case (tiny sizes)."""

import argparse
import json
import subprocess
import time

import pytest

from benchmarks import gpu, machine


def interrupt_after_first_case(folder):
    """Returns a stand-in for `subprocess.run` that kills the suite `step` after its first case."""
    part, original = folder / "step-cpu.part.json", subprocess.run

    def run(words, **options):
        if "benchmarks" not in words:  # Git, for the commit.
            return original(words, **options)
        if "step" in words:
            process = subprocess.Popen(words, env=options["env"])
            try:
                while not part.exists():
                    assert process.poll() is None
                    time.sleep(0.05)
            finally:
                process.kill()
                process.wait()
        raise subprocess.TimeoutExpired(words, options["timeout"])

    return run


@pytest.mark.slow
def test_interrupted_command_continues_and_keeps_records(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    command = argparse.Namespace(minutes=30.0, quick=True, out=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(gpu.subprocess, "run", interrupt_after_first_case(tmp_path))
        assert set(gpu.main(command).values()) == {"out of time"}
    part = json.loads((tmp_path / "step-cpu.part.json").read_text())["cases"]
    assert 1 <= len(part) < 6 and not (tmp_path / "step-cpu.json").exists()

    assert set(gpu.main(command).values()) == {"done"}
    assert not [*tmp_path.glob("*.part.json")]
    records = {name: json.loads((tmp_path / f"{name}-cpu.json").read_text()) for name in gpu.SUITES}
    networks = records["step"]["networks"].values()
    rows = [row for found in networks for row in found["orders"].values()]
    # Times differ between runs, so a case of the first run that is found again was kept.
    assert len(rows) == 6 and all(row in rows for row in part.values())
    for name in gpu.SUITES:
        assert "| --- |" in (tmp_path / f"{name}-cpu.md").read_text()

    # The commit of a changed working tree is never kept, so the records get another one.
    for name, record in records.items():
        record["machine"]["commit"] = "abc"
        (tmp_path / f"{name}-cpu.json").write_text(json.dumps(record))
    monkeypatch.setattr(machine, "describe_without_device", lambda: {"commit": "abc"})
    assert set(gpu.main(command).values()) == {"kept"}
