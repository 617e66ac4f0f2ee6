"""Engines: ways to run the rows; `exact` is the reference at as many bits as asked."""
