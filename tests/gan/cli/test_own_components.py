"""Tests the page on own networks as a newcomer's program with a folder of images."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gan.data.image_files import write_classes

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^## (.*?)\n.*?```python\n(.*?)```", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_program_with_own_network_has_all_commands(tmp_path):
    page = (ROOT / "docs/your_own_gan.md").read_text()
    blocks = dict(BLOCK.findall(page))
    imports = "import numpy as np\nfrom minmax_jax import gan\n"
    program = imports + blocks["Networks"] + blocks["Command line"]
    (tmp_path / "my_gan.py").write_text(program)
    write_classes(tmp_path / "photos", size=(8, 8))
    small = "--width 8 --steps 2 --batch-size 4 --evaluate 0 --devices 1".split()
    for words in (
        ["train", "--data", "photos", "--network", "silu", *small, "--out", "runs/photos"],
        ["sample", "--run", "runs/photos", "--num", "4", "--out", "samples.png"],
    ):
        subprocess.run(
            [sys.executable, "my_gan.py", *words],
            cwd=tmp_path,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert (tmp_path / "samples.png").exists()
