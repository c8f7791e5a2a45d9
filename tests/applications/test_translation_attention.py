"""A jump back is seen where there is one."""

import numpy as np

from lstm_tutorial.applications.attention import follow_word, measure_jumps, pick_text


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


def test_the_text_to_draw_has_swapped_digits_and_is_short():
    sources = ["one", "twenty-one thousand and forty-two", "forty-two thousand and twenty-one", "forty-two"]
    assert pick_text(sources, [4, 34, 33, 14], numbers=True) == 2


def test_of_other_texts_the_longest_that_can_be_drawn_is_taken():
    assert pick_text(["a-b-c", "b", "c", "d"], [3, 19, 20, 21], numbers=False) == 2
    assert pick_text(["a", "b"], [90, 30], numbers=False) == 1


def test_looks_are_followed_letter_by_letter():
    """ "xyz" is written while looking at "b", "b" and half at "b", half at "c"; others are left out."""

    class Follows:
        def write(self, texts):
            assert texts == ["a b c"] * 2
            row = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]])
            return np.zeros((2, 5)), np.stack([row, row])

    sources, targets = ["a b c", "a c", "a b c", "a b"], ["-xyz-", "-xyz-", "-xyz-", "-xyz"]
    shares, count = follow_word(Follows(), sources, targets, "b", "xyz")
    assert shares.tolist() == [[1, 0], [1, 0], [0.5, 0.5]]
    assert count == 2
    assert follow_word(Follows(), ["a c"], ["-"], "b", "xyz")[1] == 0
