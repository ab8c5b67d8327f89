"""Readers of a person's own files: `--data PATH`.

A path is looked at once (`look.py`); each reader's `sniff` judges what was seen, without opening more than that. Tables
of every format come in through `frames.py`, which says how it read them. What was odd, skipped or guessed is told in a
`DataReport`, never swallowed.
"""
