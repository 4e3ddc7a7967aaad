"""The one gateway to models: providers, cache, retries, discovery."""
