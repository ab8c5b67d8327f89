"""Pure drawing: from values to lines of styled text. No widget, no terminal, no clock, no disk."""
