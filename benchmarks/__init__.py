"""What reading a stream costs, against the least it can cost and against what people use: `python -m benchmarks`."""
