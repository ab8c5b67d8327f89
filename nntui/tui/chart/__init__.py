"""The chart: pure functions from curves, marks and a view to lines of styled text. No terminal, no clock, no numpy."""
