"""What plugs plugins in: hook specifications, contribution types, discovery, isolation. Imports nothing of ours."""
