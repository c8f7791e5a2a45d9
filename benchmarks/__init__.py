"""Side by side with Keras, torch and ONNX Runtime: `make bench`."""

import os

# One thread on each side is equal footing, and at these sizes the fastest: a second one spins while it waits for work.
# Set before anything imports NumPy or TensorFlow, because they read it once.
for pool in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
    os.environ[f"{pool}_THREADS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
