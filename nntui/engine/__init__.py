"""The training core, and the only place that imports torch (beside what a contribution's `build` names)."""

from __future__ import annotations

import os

# Both are read when the libraries are loaded, so they are set before torch and NumPy come in.
#
# Threads that wait for the next parallel region spin for a moment (GNU OpenMP, about 10 us), then sleep. Its default
# spins a hundred times longer: alone that gains nothing, but beside one busy process on 2 cores a step of a
# feed-forward network on fashion-mnist took 461 ms with it, and 12 to 18 ms with little or no spinning.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
# NumPy's own pool of threads would only stand in the way of torch's, and must not be there before a fork.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
