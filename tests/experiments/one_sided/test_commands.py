"""Tests of the commands `norms` and `mvi`."""

import pytest

from experiments.one_sided.mvi import __main__ as mvi_command
from experiments.one_sided.norms import __main__ as norms_command


@pytest.mark.parametrize(("module", "index"), [(norms_command, 0), (mvi_command, 1)])
def test_commands_redraw_figures_from_json(
    module, index, small, measured, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(module, "run", lambda config: measured[index])
    module.main(small, out=tmp_path)
    (figure,) = tmp_path.glob("*.png")
    figure.unlink()
    monkeypatch.delattr(module, "run")
    module.main(small, out=tmp_path, redraw=True)
    assert figure.stat().st_size > 10_000
    assert "| adam_gda, constant |" in capsys.readouterr().out
