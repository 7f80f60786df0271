from experiments.one_sided.methods import COLORS, METHODS


def test_every_method_has_its_own_color():
    assert len(set(COLORS.values())) == len(METHODS)
