"""A jump back is seen where there is one."""

import numpy as np

from lstm_tutorial.applications.attention import measure_jumps, pick_text


class Looks:
    """Writes "zweiundvierzig" for "forty - two", or for the same the other way round."""

    def __init__(self, ones, tens):
        self.places = [ones] * 4 + [1] * 3 + [tens] * 7

    def write(self, texts):
        return np.zeros((len(texts), 14)), np.tile(np.eye(3)[self.places], (len(texts), 1, 1))


def test_the_jump_is_the_way_from_tens_to_ones():
    sources, targets = ["forty-two", "twelve"], ["zweiundvierzig", "zwölf"]
    assert measure_jumps(Looks(ones=2, tens=0), sources, targets).tolist() == [2]
    assert measure_jumps(Looks(ones=0, tens=2), sources, targets).tolist() == [-2]
    both = Looks(0, 2)
    both.places = [0] * 35 + both.places
    assert measure_jumps(both, ["..."], ["dreiundzwanzigtausendvierhundertund" + "zweiundvierzig"]).tolist() == [-2]
    assert not len(measure_jumps(Looks(2, 0), ["one hundred"], ["einhundert"]))  # though there is "und" in it


def test_the_text_to_draw_has_swapped_digits():
    assert pick_text(["one", "forty-two", "twenty-one thousand and forty-two"], ["eins", "x" * 14, "x" * 34]) == 2
    assert pick_text(["a", "b", "c"], ["x", "x" * 28, "x" * 90]) == 1
