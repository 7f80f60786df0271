import dataclasses
import inspect
import json
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import key_values, presets
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.networks import NetworksConfig
from minmax_jax.gan.config.optimizer import NOT_FOR_NETWORKS, ONE_PLAYER, OptimizerConfig
from minmax_jax.gan.config.preset_registry import GRADIENT_STEPS
from minmax_jax.gan.networks import NETWORKS


@pytest.mark.parametrize("name", presets.PRESETS)
@pytest.mark.parametrize("optimizer", sorted(mm.optimizers))
def test_every_preset_is_valid_with_every_optimizer(name, optimizer):
    config = presets.preset(name, optimizer=optimizer)
    if config.optimizer.first and optimizer not in ONE_PLAYER:
        with pytest.raises(ConfigError, match=f"^optimizer={optimizer} updates both players"):
            config.check()
        config = config.replace(max_steps=1, update_order="simultaneous")
    assert config.check() == config
    assert config.optimizer.name == optimizer


@pytest.mark.parametrize("optimizer", sorted(mm.optimizers))
def test_one_player_lists_the_optimizers_of_one_player(optimizer):
    try:
        mm.optimizers[optimizer](0.1).init({"w": np.zeros(2, np.float32)})
    except TypeError as error:
        assert "must be Players" in str(error) and optimizer not in ONE_PLAYER
    else:
        assert optimizer in ONE_PLAYER


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_steps": 2}, "max_steps=2 updates one after the other. Choose max_steps=1, or one"),
        (
            {"update_order": "generator-first"},
            "update_order=generator-first updates one after the other. Choose "
            "update_order=simultaneous and max_steps=1, or one of ada_dir, ",
        ),
    ],
)
def test_joint_optimizers_require_simultaneous_updates(fields, message):
    with pytest.raises(ConfigError) as error:
        presets.preset("digits", optimizer="extragradient", **fields).check()
    assert message in str(error.value) and "\n" not in str(error.value)


def test_gradient_steps_take_the_learning_rates_of_sgda():
    for name in ("sgda", "tiada", *GRADIENT_STEPS):
        chosen = presets.preset("mnist", optimizer=name).optimizer
        assert (chosen.learning_rate_min, chosen.learning_rate_max) == (0.05, 0.01)


@pytest.mark.slow  # One program with two updates of 31 optimizers.
def test_gradient_steps_are_proportional_to_the_gradient():
    z = mm.Players(jnp.array([0.3, -0.2]), jnp.array([0.4, 0.7]))

    def length(name, scale):
        def payoff(z):
            curved = 0.5 * jnp.sum(z.min**2) - 0.3 * jnp.sum(z.max**2)
            return scale * (jnp.sum(z.min * z.max) + curved)

        tx, field_fn = mm.optimizers[name](1e-4), mm.zero_sum(payoff)
        oracle = {"field_fn": field_fn, "payoff_fn": mm.payoff(payoff), "key": jax.random.key(0)}
        updates, _ = tx.update(field_fn(z), tx.init(z), z, **oracle)
        return optax.tree.norm(updates)

    names = [
        name
        for name, make in mm.optimizers.items()
        if inspect.signature(make).parameters["learning_rate"].default is inspect.Parameter.empty
    ]
    ratios = jax.jit(lambda: {name: length(name, 2.0) / length(name, 1.0) for name in names})()
    # The terms of consensus and symplectic grow with the square of the gradient.
    proportional = {name for name, ratio in ratios.items() if ratio > 1.99}
    assert proportional == {*GRADIENT_STEPS, "sgda", "ada_dir"}


def test_given_fields_override_the_preset():
    config = presets.preset("mnist", width=8, learning_rate_min=0.5)
    assert (config.networks.width, config.optimizer.learning_rate_min) == (8, 0.5)
    assert config.training.batch_size == presets.preset("mnist").training.batch_size


def test_b1_is_half_unless_given():
    assert presets.preset("digits", optimizer="adam_gda").optimizer.options == {"b1": 0.5}
    assert presets.preset("digits", optimizer="sgda").optimizer.options == {}
    given = presets.preset("digits", optimizer="ada_nsgda", options={"scope": "global", "b1": 0.9})
    assert given.optimizer.options == {"b1": 0.9, "scope": "global"}


def test_betas_go_to_the_optimizers_that_have_them():
    def betas(name):
        return presets.preset("cifar10-resnet", optimizer=name).optimizer.options

    assert betas("adam_gda") == betas("ada_nsgda") == {"b1": 0.5, "b2": 0.9}
    assert betas("sgda") == betas("extragradient") == {}
    own = presets.preset("cifar10-resnet", options={"b2": 0.99}).optimizer.options
    assert own == {"b1": 0.5, "b2": 0.99}


def test_learning_rates_belong_to_known_optimizers():
    for preset in presets.PRESETS.values():
        assert set(preset.learning_rates) <= set(mm.optimizers)


def test_adaptive_step_sizes_are_not_scaled_by_presets():
    for name in ("adaptive_golden_ratio", "adaptive_extragradient"):
        chosen = presets.preset("mnist", optimizer=name).optimizer
        assert chosen.learning_rate_min == chosen.learning_rate_max == 1.0


def test_optimizers_not_made_for_networks_have_a_reason():
    warned = [
        name for name in mm.optimizers if presets.preset("digits", optimizer=name).optimizer.warning
    ]
    assert warned == sorted(NOT_FOR_NETWORKS) == ["adaptive_golden_ratio", "complete_newton"]
    warning = presets.preset("digits", optimizer="complete_newton").optimizer.warning
    assert warning.startswith("optimizer=complete_newton is not made for networks: it goes to")


def test_json_round_trip_is_equal():
    config = presets.preset("gaussians", optimizer="ada_nsgda", options={"scope": "global"})
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_unknown_json_key_suggests_the_nearest_name():
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
        ({"matmul_precision": "hihg"}, "did you mean .*high"),
        ({"matmul_precision": "TF32_TF32_F32"}, "choose from .*tensorfloat32"),
        ({"parallel": "smap"}, "did you mean .*pmap"),
        ({"penalty_every": 0}, "penalty_every must be at least 1, got 0"),
        ({"microbatches": 0}, "microbatches must be at least 1, got 0"),
        ({"learning_rate_min": -1.0}, "learning_rate_min must be at least 0, got -1.0"),
        ({"learning_rate_max": float("nan")}, "learning_rate_max must be at least 0, got nan"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"ema_decay": 1.0}, "ema_decay must be below 1, got 1.0"),
        ({"seed": 2**31}, "seed must be below 2147483648, got 2147483648"),
        ({"options": {"momentun": 1}}, "does not take momentun. It takes .*b1"),
        ({"options": {"learning_rate": 1}}, "does not take learning_rate"),
    ],
)
def test_invalid_values_are_named_with_a_remedy(fields, message):
    config = presets.preset("digits").replace(**fields)
    with pytest.raises(ConfigError, match=message) as error:
        config.check()
    assert "\n" not in str(error.value)


def test_unknown_preset_field_or_optimizer_is_refused():
    with pytest.raises(ConfigError, match="did you mean digits"):
        presets.preset("digit")
    with pytest.raises(ConfigError, match="did you mean steps"):
        presets.preset("digits", stepz=3)
    with pytest.raises(ConfigError, match="did you mean sgda"):
        presets.preset("digits", optimizer="sdga")


def test_parse_options_reads_numbers_constants_and_texts():
    read = key_values.parse_options(["b1=0.5", "scope=global", "debias=False", "n=3", "x=None"])
    assert read == {"b1": 0.5, "scope": "global", "debias": False, "n": 3, "x": None}
    with pytest.raises(ConfigError, match="form key=value"):
        key_values.parse_options(["b1"])


def test_difference_lists_each_field_once():
    old = presets.preset("digits")
    new = old.replace(seed=3, width=5, steps=7)
    expected = ["seed: 0 -> 3", f"width: {old.networks.width} -> 5"]
    assert old.difference(new, ignore=("steps",)) == expected
    assert old.difference(old) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"training": {"steps": "8"}}, "steps must be an integer, got '8'"),
        ({"training": {"steps": True}}, "steps must be an integer, got True"),
        ({"objective": {"penalty": None}}, "penalty must be a number, got None"),
        ({"networks": {"name": 3}}, "network must be a string, got 3"),
        ({"optimizer": {"options": []}}, r"options must be a mapping, got \[\]"),
        ({"training": 3}, "training must be a mapping, got 3"),
        ({"trainings": {}}, "'trainings' is not known; did you mean training"),
    ],
)
def test_wrong_types_in_json_are_refused_in_one_line(values, message):
    with pytest.raises(ConfigError, match=message) as error:
        Config.from_json(values)
    assert "\n" not in str(error.value)


def test_flat_names_reach_every_field():
    config = presets.preset("mnist", optimizer="sgda", out="here")
    assert Config.from_flat(config.flat()) == config
    names = [
        field.name
        for group in dataclasses.fields(config)
        for field in dataclasses.fields(getattr(config, group.name))
    ]
    assert len(config.flat()) == len(names)
    assert config.replace(evaluate=30, data="gaussians").evaluation.num_samples == 30
    with pytest.raises(ConfigError, match="did you mean width"):
        config.replace(widht=3)


def test_help_lists_all_registered_names():
    for field, known in ((NetworksConfig, NETWORKS), (OptimizerConfig, mm.optimizers)):
        hint = typing.get_type_hints(field, include_extras=True)["name"]
        metavar = next(extra.metavar for extra in hint.__metadata__ if hasattr(extra, "metavar"))
        assert metavar.strip("{}").split(",") == list(known)


@pytest.fixture
def network_with_options(monkeypatch):
    def builder(shape, *, latent_dim, width, rngs, axis_name=None, side=0, init=len):
        raise AssertionError("A configuration does not build networks.")

    monkeypatch.setitem(NETWORKS._registered, "own", builder)


def test_network_options_are_arguments_of_the_builder(network_with_options):
    config = presets.preset("digits", network="own", network_options={"side": 8}).check()
    assert config.networks.options == {"side": 8}
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config
    for name, value in (("rngs", 1), ("width", 3), ("init", 2), ("sides", 8)):
        with pytest.raises(ConfigError, match=f"own does not take {name}. It takes side."):
            presets.preset("digits", network="own", network_options={name: value}).check()
    with pytest.raises(ConfigError, match="network_options: 'side' must be a number"):
        presets.preset("digits", network="own", network_options={"side": [8]}).check()
