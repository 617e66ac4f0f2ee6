"""Sweeps: digits of a function at many points, by any executor, in chunks that can be resumed."""
