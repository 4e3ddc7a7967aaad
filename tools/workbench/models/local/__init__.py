"""Serves transformers models in this process: requests join between two tokens, prompts share their beginnings."""
