"""Verifiable instructions: what IFEval asks of an answer, checked by code (Zhou et al. 2023, arXiv:2311.07911).

Written from the descriptions in the paper (Table 4) and in the prompts themselves.
"""
