"""Every choice a reader can make, declared once.

A chapter's `parameters` cell, the command line and, later, the HTTP schema use the names, types, limits,
defaults and help texts of `Settings`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator


class Settings(BaseModel):
    """The choices of one run, frozen and validated.

    Raises pydantic's `ValidationError` for an unknown name, a wrong type or a value outside its limits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    csv: str = Field("jfk", min_length=1, description="a CSV file, URL, '-' or sample series")
    time: str | None = Field(None, description="time column; None: find it")
    target: str | None = Field(None, description="column to forecast; None: the only numeric one")
    features: list[str] | None = Field(None, description="past covariates; None: all, if they help")
    known: list[str] | None = Field(None, description="covariates known ahead, such as holidays")
    timezone: str | None = Field(None, description="zone of local times, such as Europe/Berlin")
    timesteps: int | None = Field(None, ge=1, le=10_000, description="past values in each window; None: three seasons")
    horizon: int | None = Field(None, ge=1, le=1_000, description="future values forecast at once; None: one season")
    anchor: Literal["mean", "last", "season", "ratio"] | None = Field(
        None, description="start: mean, last, season or ratio; None: measured"
    )
    log: bool | None = Field(None, description="whether to take logarithms; None: measured")
    level: bool | None = Field(None, description="show models the level; None: if it kept its range")
    fold: int | None = Field(None, ge=1, le=10_000, description="values in each LSTM step; None: a season if long")
    layers: int = Field(1, ge=1, le=8, description="LSTM layers")
    units: int = Field(50, ge=1, le=4_096, description="LSTM units")
    dropout: float = Field(0.3, ge=0, lt=1, description="share of the units left out in training")
    members: int = Field(3, ge=1, le=100, description="networks to average, each with a seed of its own")
    epochs: int = Field(100, ge=1, le=100_000, description="passes over the training data, at most")
    patience: int = Field(10, ge=1, le=100_000, description="epochs without improvement before stopping")
    batch_size: int = Field(32, ge=1, le=1_000_000, description="windows in each update")
    learning_rate: float = Field(0.002, gt=0, le=10, description="step size of Adam")
    weight_decay: float = Field(0.001, ge=0, lt=1, description="share of each weight that a step takes away")
    validation_fraction: float = Field(0.1, gt=0, lt=1, description="share of the series that picks the epoch")
    test_fraction: float = Field(0.2, gt=0, lt=1, description="share of the series held out for scoring")
    windows: int | None = Field(None, ge=10, description="windows of each part, at most, drawn at random; None: all")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="first random seed")
    trials: int = Field(16, ge=1, le=100_000, description="settings to try")
    minutes: float | None = Field(None, gt=0, description="longest search; None: until all trials are done")
    workers: int = Field(1, ge=1, description="processes that search")
    scheduler: str | None = Field(None, description="a Dask cluster, such as tcp://host:8786")
    storage: str | None = Field(None, description="database of the study; None: a file")
    folder: str | None = Field(None, description="keeps what was trained; None: nothing is kept")

    @model_validator(mode="after")
    def _leave_something_to_train_on(self) -> Settings:
        held_out = self.validation_fraction + self.test_fraction
        if held_out >= 1:
            raise ValueError(
                f"validation_fraction + test_fraction is {held_out:g}, which leaves nothing to train on; "
                "their sum should be less than 1"
            )
        return self


# What the chapter on the article's example takes in place of the defaults.
ARTICLE: dict[str, Any] = {"csv": "elnino", "timesteps": 24, "learning_rate": 0.01}
ARTICLE |= {"features": [], "horizon": 1, "anchor": "mean", "log": False, "level": False, "fold": 1}

# What the chapters on applications take in place of the defaults.
APPLICATIONS: dict[str, dict[str, Any]] = {
    "language_model": {"units": 160, "dropout": 0.1, "epochs": 3, "batch_size": 128, "learning_rate": 0.01},
    "translation": {"units": 64, "dropout": 0.0, "epochs": 6, "batch_size": 64, "learning_rate": 0.006},
    "speech": {"layers": 2, "units": 64, "epochs": 10, "learning_rate": 0.005},
}


def article(**chosen: Any) -> Settings:
    """The settings of the article's example, but for those that are `chosen`: one value in, the next one out."""
    return Settings(**ARTICLE | chosen)


# What a chapter's own parameters, which `Settings` does not know, may be annotated with.
_KINDS: dict[str, Any] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "str|None": str | None,
    "int|None": int | None,
    "float|None": float | None,
    "list[int]": list[int],
    "list[float]": list[float],
    "list[str]": list[str],
}


def convert(name: str, value: Any, annotation: str) -> Any:
    """`value` (text from a command line, or what YAML held) as parameter `name` wants it.

    A name that `Settings` knows is held to its type and limits there, any other to its `annotation` in the
    chapter, for example "int" or "list[float]". Lists may be written as text: "16,32". Raises ValueError.
    """
    field = Settings.model_fields.get(name)
    kind = _KINDS.get(annotation.replace(" ", ""), Any)
    if isinstance(value, str) and annotation.startswith("list["):
        value = [part.strip() for part in value.strip("[] ").split(",") if part.strip()]
    wanted: Any = Annotated[field.annotation, field] if field is not None else kind
    try:
        return TypeAdapter(wanted).validate_python(value)
    except ValidationError as error:
        raise ValueError(f"parameter {name}: {first_problem(error)}") from None


def first_problem(error: ValidationError) -> str:
    """The first of a validation error's problems in one line: the value got, and what would be right."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
    return message if first["type"] == "value_error" else f"{first['input']!r} {message}"
