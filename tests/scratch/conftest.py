"""Other makers' LSTMs, for the tests that hold ours to them."""

from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def torch():
    return pytest.importorskip(
        "torch", reason="torch is not installed; CONTRIBUTING.md, 'torch', says how to get its CPU build"
    )


@pytest.fixture
def onnx_lstm():
    """Builds a file with one LSTM node, and a session that runs it."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install onnx")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install onnxruntime")

    def build(weights, inputs=("x", "lengths", "h", "c"), node_inputs=None, **attributes):
        """`weights`: W (directions, 4H, D), R (directions, 4H, H), B (directions, 8H) and, if you like, P."""
        free = {"x": 3, "lengths": 1, "h": 3, "c": 3, "y": 4, "h_last": 3, "c_last": 3}
        kinds = {name: onnx.TensorProto.INT32 if name == "lengths" else onnx.TensorProto.FLOAT for name in free}
        info = {name: onnx.helper.make_tensor_value_info(name, kinds[name], [None] * free[name]) for name in free}
        names = node_inputs or ["x", "W", "R", "B", "lengths", "h", "c", "P" if "P" in weights else ""]
        outputs = ["y", "h_last", "c_last"]
        hidden = weights["R"].shape[-1]
        node = onnx.helper.make_node("LSTM", names, outputs, hidden_size=hidden, **attributes)
        stored = [onnx.numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in weights.items()]
        ends = [info[name] for name in inputs], [info[name] for name in outputs]
        graph = onnx.helper.make_graph([node], "lstm", *ends, stored)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)

        def run(x, lengths, h, c):
            """Outputs (batch, time, directions * hidden) and last states (directions, batch, hidden)."""
            options = runtime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            feed = {"x": np.ascontiguousarray(x.transpose(1, 0, 2)), "lengths": lengths, "h": h, "c": c}
            y, h_last, c_last = session.run(outputs, feed)
            return y.transpose(2, 0, 1, 3).reshape(*x.shape[:2], -1), h_last, c_last

        return SimpleNamespace(model=model, run=run, save=lambda path: onnx.save(model, path))

    return build
