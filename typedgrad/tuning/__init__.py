"""Tuning: what may be narrower within a budget for the error; adjoints propose, runs decide."""
