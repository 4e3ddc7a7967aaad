"""Improving text by words: what engines that rewrite instructions share."""
