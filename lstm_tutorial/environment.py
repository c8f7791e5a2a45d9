"""The environment in which chapters run when nobody watches: quiet, one thread, the same each time."""

from __future__ import annotations

import os

KERNEL = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # its sums differ in the last digits from CPU to CPU
    "CUDA_VISIBLE_DEVICES": "-1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "LSTM_TUTORIAL_PROGRESS": "0",  # a stored progress bar is a heap of control characters
}


def quiet() -> None:
    """Put `KERNEL` into this process's environment, from which a kernel inherits it."""
    os.environ.update(KERNEL)
