"""The network of the chapter on the article's example is the article's."""

import pytest

from lstm_tutorial.workflow.design import plain


@pytest.mark.parametrize(("timesteps", "units"), [(24, 50), (1, 4)])
def test_the_model_has_the_weights_that_the_formula_counts(timesteps, units):
    model = plain(timesteps, units, learning_rate=0.01, seed=0)
    assert model.input_shape == (None, timesteps, 1)
    assert model.output_shape == (None, 1)
    assert model.count_params() == 4 * units * (1 + units + 1) + (units + 1)


def test_the_model_is_fitted_as_in_the_article():
    model = plain(24, 50, learning_rate=0.02, seed=0)
    assert model.loss == "mean_squared_error"
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
