"""Blame: where the digits of one result go, from single roundings to the lines that make them."""
