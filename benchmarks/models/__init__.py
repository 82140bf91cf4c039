"""How good the models are on real data: `python -m benchmarks.models oulad DIR`."""
