"""The terminal interface: a client of run folders and of the fork server. It never imports torch, and never trains."""
