"""Tests of the message about a platform that JAX does not have."""

import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "minmax_jax", "train", "--preset", "digits", "--steps", "2"]


@pytest.mark.parametrize("platform", ["nonsense", pytest.param("cuda", marks=pytest.mark.slow)])
def test_missing_platform_is_named_in_one_line(platform, tmp_path):
    environment = {**os.environ, "JAX_PLATFORMS": platform}
    command = [*COMMAND, "--out", str(tmp_path / "run")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    if not ended.returncode:
        pytest.skip(f"this machine has the platform {platform}")
    (line,) = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert line.startswith(f"minmax-jax: JAX_PLATFORMS={platform}: JAX finds no such device.")
    assert "unset JAX_PLATFORMS" in line
    assert not (tmp_path / "run" / "config.json").exists()
