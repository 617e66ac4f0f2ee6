"""How fast typedgrad is beside its peers; every script runs as `python -m benchmarks.NAME`."""
