"""Killed and resumed runs equal an uninterrupted run in every file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.devices import xla_flags

ROOT = Path(__file__).parents[3]
KILLS = 12


@pytest.mark.slow
def test_run_killed_in_every_phase_equals_the_uninterrupted_run():
    """See `kills` for the phases; the same command with --kills 60 makes more kills."""
    command = [sys.executable, "-m", "tests.gan.trainer.kills", "--kills", str(KILLS)]
    environment = {**os.environ, "XLA_FLAGS": xla_flags()}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    counts = json.loads(done.stdout[done.stdout.index("{") :])
    assert counts.pop("finished runs") >= 1
    assert sum(counts.values()) >= KILLS and sum(count > 0 for count in counts.values()) >= 8
