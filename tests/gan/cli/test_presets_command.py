import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan.cli import main


def test_the_list_has_a_line_for_each_preset(capsys):
    assert main.main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(gan.PRESETS)


def test_the_page_names_fields_and_the_rates_of_every_optimizer(capsys):
    assert main.main(["presets", "mnist"]) == 0
    text = capsys.readouterr().out
    words = text.replace(",", " ").split()
    assert set(mm.optimizers) <= set(words)
    for part in ("steps", "4000", "latent_dim", "64  *", "0.05, 0.01", "b1=0.5"):
        assert part in text
    nsgda = next(line for line in text.splitlines() if line.endswith(" nsgda"))
    assert nsgda.split() == ["0.05,", "0.05", "nsgda"]


def test_an_unknown_preset_is_one_line(capsys):
    assert main.main(["presets", "mnits"]) == 2
    assert "did you mean mnist" in capsys.readouterr().err
