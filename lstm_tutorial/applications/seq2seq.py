"""An encoder and a decoder that read one sequence and write another, with attention or without. Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    import keras


Values = Literal["states", "tokens"]


class Network(NamedTuple):
    """One set of weights as three models.

    - `model` learns: (source ids (batch, from), ids so far (batch, to)) to logits (batch, to, target size).
    - `encoder` reads once: source ids to (values (batch, from, size), keys (batch, from, units), mask (batch, from),
      `h` and `c` (batch, units)).
    - `step` writes one token: (last id (batch, 1), h, c, values, keys, mask) to (logits (batch, target size), h, c,
      attention (batch, from)).

    Id 0 in the source is padding. Without attention, `step` uses neither values nor keys, and its attention is zero.
    """

    model: keras.Model
    encoder: keras.Model
    step: keras.Model


def build(
    source_size: int,
    target_size: int,
    units: int,
    dropout: float = 0.0,
    attention: bool = True,
    values: Values = "states",
    seed: int = 0,
) -> Network:
    """An untrained network for so many source and target ids, not compiled.

    A bidirectional LSTM reads; its last states, through a dense layer, are the first states of the LSTM that writes.
    Attention is that of Luong, Pham and Manning 2015 (https://arxiv.org/abs/1508.04025) with their score "general":
    softmax over `query @ keys`, the mean of `values` that it weights, and a dense layer on query and mean. Keys come
    from the encoder's states. Values are the same states, or the embeddings of the tokens: then what stands around a
    token tells only where to look, not what to write. The target ids are those of the tokens and, as the last of them,
    one that marks both ends.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)

    # Reading.
    source = keras.Input((None,), dtype="int32", name="source")
    seen = layers.Dropout(dropout)(layers.Embedding(source_size, units, mask_zero=True, name="read_ids")(source))
    reader = layers.Bidirectional(layers.LSTM(units, return_sequences=True, return_state=True), name="read")
    states, forward_h, forward_c, backward_h, backward_c = reader(seen)
    states = layers.Dropout(dropout)(states)
    h = layers.Dense(units, "tanh", name="first_h")(layers.concatenate([forward_h, backward_h]))
    c = layers.Dense(units, name="first_c")(layers.concatenate([forward_c, backward_c]))
    keys = layers.Dense(units, use_bias=False, name="keys")(states)
    held = seen if values == "tokens" else states
    mask = layers.Lambda(lambda ids: ids != 0, name="real")(source)

    # Writing: the same layers for whole sequences and for one step.
    embed = layers.Embedding(target_size, units, name="write_ids")
    writer = layers.LSTM(units, return_sequences=True, return_state=True, name="write")
    drop, look = layers.Dropout(dropout), layers.Attention(name="attention")
    mix, join = layers.Dense(units, "tanh", name="mix"), layers.Concatenate()
    head = layers.Dense(target_size, name="logits")

    def write(ids: Any, h: Any, c: Any, held: Any, keys: Any, mask: Any) -> tuple[Any, ...]:
        outputs, h, c = writer(drop(embed(ids)), initial_state=[h, c])
        if not attention:
            return head(mix(drop(outputs))), h, c, keras.ops.zeros_like(mask, "float32")
        context, weights = look([outputs, held, keys], mask=[None, mask], return_attention_scores=True)
        return head(drop(mix(join([outputs, context])))), h, c, weights[:, 0]

    before = keras.Input((None,), dtype="int32", name="before")
    model = keras.Model([source, before], write(before, h, c, held, keys, mask)[0])
    encoder = keras.Model(source, [held, keys, mask, h, c])
    last = keras.Input((1,), dtype="int32", name="last")
    rest = [keras.Input((units,), name="h"), keras.Input((units,), name="c")]
    rest += [keras.Input((None, held.shape[-1]), name="values"), keras.Input((None, units), name="keys")]
    rest += [keras.Input((None,), dtype="bool", name="mask")]
    logits, h, c, weights = write(last, *rest)
    return Network(model, encoder, keras.Model([last, *rest], [logits[:, 0], h, c, weights]))
