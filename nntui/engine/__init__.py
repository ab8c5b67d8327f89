"""The training core, and the only place that imports torch (beside what a contribution's `build` names)."""

from __future__ import annotations

import os

# Both are read when the libraries are loaded, so they are set before torch and NumPy come in.
#
# Threads that wait for the next parallel region spin for 5,000 turns (GNU OpenMP), then sleep; its default is 300,000.
# Measured with two threads beside one busy process on 2 cores, a step of a feed-forward network on fashion-mnist:
# 461 ms with the default, 61 ms with 20,000, 12 to 18 ms with 0 to 2,000. Alone, 5,000 costs up to a third on small
# recurrent steps (41 ms where endless spinning takes 29), which get one thread anyway, and nothing on convolutions.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
# NumPy's own pool of threads would only stand in the way of torch's, and must not be there before a fork.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
