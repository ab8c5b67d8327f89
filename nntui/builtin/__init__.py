"""What nntui contributes itself, through the hooks that every plugin uses: nothing here is known by name elsewhere."""
