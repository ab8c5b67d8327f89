"""How good a network is: scores of each class, calibration, errors of values, and the worst mistakes.

The tallies are pure NumPy and take constant memory, however many rows are measured; `measuring.py` goes through the
rows with a network, `rows.py` says which rows.
"""
