from experiments.one_sided.methods import COLORS, METHODS

GRAY = "0.75"


def test_at_most_five_methods_have_a_color_of_their_own():
    assert set(COLORS) == set(METHODS)
    colored = [color for color in COLORS.values() if color != GRAY]
    assert 2 <= len(colored) <= 5 and len(set(colored)) == len(colored)
