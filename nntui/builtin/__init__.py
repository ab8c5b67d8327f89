"""What nntui contributes itself, through the hooks that every plugin uses. Nothing here is known to the rest by name."""
