"""The form of a new run as data: its rows, what they say, and what is wrong with it. No widget."""
