import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan.cli import main


def test_list_has_one_line_per_preset(capsys):
    assert main.main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(gan.PRESETS)


def test_page_has_fields_and_learning_rates_per_optimizer(capsys):
    assert main.main(["presets", "mnist"]) == 0
    text = capsys.readouterr().out
    words = text.replace(",", " ").split()
    assert set(mm.optimizers) <= set(words)
    assert text.splitlines()[-1].startswith("  not made for networks: adaptive_golden_ratio")
    for part in ("steps", "4000", "latent_dim", "64  *", "0.05, 0.01", "b1=0.5"):
        assert part in text
    nsgda = next(line for line in text.splitlines() if line.endswith(" nsgda"))
    assert nsgda.split() == ["0.05,", "0.05", "nsgda"]


def test_unknown_preset_suggests_the_nearest_name(capsys):
    assert main.main(["presets", "mnits"]) == 2
    assert "did you mean mnist" in capsys.readouterr().err
