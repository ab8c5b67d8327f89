"""Contributions to nntui that did not have to be built in."""
