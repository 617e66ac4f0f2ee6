"""Rewritings that keep digits: the table of rows, where they fit, and which of them win."""
