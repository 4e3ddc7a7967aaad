"""Models behind an endpoint, through litellm: what is sent, what comes back, and how failures are told."""
