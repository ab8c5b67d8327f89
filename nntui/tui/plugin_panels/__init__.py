"""Panels that plugins bring: drawn in processes of their own (`host`), shown by `nntui.tui.widgets.plugin_panel`."""
