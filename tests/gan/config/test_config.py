import json

import pytest

import minmax_jax as mm
from minmax_jax.gan.config import optimizer as optimizer_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.config import Config, ConfigError


@pytest.mark.parametrize("name", presets.PRESETS)
@pytest.mark.parametrize("optimizer", sorted(mm.optimizers))
def test_every_preset_passes_the_check_with_every_optimizer(name, optimizer):
    config = presets.preset(name, optimizer=optimizer)
    assert config.check() == config
    assert config.optimizer.name == optimizer


def test_a_given_field_wins_over_the_preset():
    config = presets.preset("mnist", width=8, learning_rate_min=0.5)
    assert (config.networks.width, config.optimizer.learning_rate_min) == (8, 0.5)
    assert config.training.batch_size == presets.preset("mnist").training.batch_size


def test_b1_is_half_where_the_optimizer_has_one_and_given_options_win():
    assert presets.preset("digits", optimizer="adam_gda").optimizer.options == {"b1": 0.5}
    assert presets.preset("digits", optimizer="sgda").optimizer.options == {}
    given = presets.preset("digits", optimizer="ada_nsgda", options={"scope": "global", "b1": 0.9})
    assert given.optimizer.options == {"b1": 0.9, "scope": "global"}


def test_betas_of_a_preset_go_to_the_optimizers_that_have_them():
    def betas(name):
        return presets.preset("cifar10-resnet", optimizer=name).optimizer.options

    assert betas("adam_gda") == betas("ada_nsgda") == {"b1": 0.5, "b2": 0.9}
    assert betas("sgda") == betas("extragradient") == {}
    own = presets.preset("cifar10-resnet", options={"b2": 0.99}).optimizer.options
    assert own == {"b1": 0.5, "b2": 0.99}


def test_rates_belong_to_known_optimizers():
    for preset in presets.PRESETS.values():
        assert set(preset.learning_rates) <= set(mm.optimizers)


def test_json_form_reads_back_equal():
    config = presets.preset("gaussians", optimizer="ada_nsgda", options={"scope": "global"})
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_unknown_json_key_is_refused_with_the_nearest_name():
    values = presets.preset("digits").to_json()
    with pytest.raises(ConfigError, match=r"'widht' is not known; did you mean width"):
        Config.from_json({**values, "networks": {"widht": 3}})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"optimizer": "adam_gdaa"}, "did you mean adam_gda"),
        ({"network": "dcgann"}, "did you mean dcgan"),
        ({"loss": "hinges"}, "did you mean hinge"),
        ({"network": "qqqq"}, "choose from dcgan, mangoubi_cifar"),
        ({"penalty_type": "r3"}, "penalty_type='r3' is not known; did you mean r"),
        ({"compute_dtype": "float16"}, "did you mean .*float32|bfloat16"),
        ({"parallel": "smap"}, "did you mean .*pmap"),
        ({"penalty_every": 0}, "penalty_every=0 is out of range"),
        ({"microbatches": 0}, "microbatches=0 is out of range"),
        ({"learning_rate_min": -1.0}, "learning_rate_min=-1.0 is out of range.*at least 0"),
        ({"learning_rate_max": float("nan")}, "learning_rate_max=nan is out of range"),
        ({"steps": 0}, "steps=0 is out of range; give a number of at least 1"),
        ({"ema_decay": 1.0}, "ema_decay=1.0 is out of range; give a number below 1"),
        ({"seed": 2**31}, "seed=2147483648 is out of range"),
        ({"options": {"momentun": 1}}, "does not take momentun; it takes .*b1"),
        ({"options": {"learning_rate": 1}}, "does not take learning_rate"),
    ],
)
def test_wrong_values_are_named_with_a_remedy(fields, message):
    config = presets.preset("digits").replace(**fields)
    with pytest.raises(ConfigError, match=message) as error:
        config.check()
    assert "\n" not in str(error.value)


def test_unknown_preset_field_and_optimizer_are_refused():
    with pytest.raises(ConfigError, match="did you mean digits"):
        presets.preset("digit")
    with pytest.raises(ConfigError, match="did you mean steps"):
        presets.preset("digits", stepz=3)
    with pytest.raises(ConfigError, match="did you mean sgda"):
        presets.preset("digits", optimizer="sdga")


def test_options_read_numbers_names_and_texts():
    read = optimizer_lib.parse_options(["b1=0.5", "scope=global", "debias=False", "n=3", "x=None"])
    assert read == {"b1": 0.5, "scope": "global", "debias": False, "n": 3, "x": None}
    with pytest.raises(ConfigError, match="write key=value"):
        optimizer_lib.parse_options(["b1"])


def test_difference_names_each_field_once():
    old = presets.preset("digits")
    new = old.replace(seed=3, width=5, steps=7)
    expected = ["seed: 0 -> 3", f"width: {old.networks.width} -> 5"]
    assert old.difference(new, ignore=("steps",)) == expected
    assert old.difference(old) == []
