"""The benchmark: every number beside that of its competitor, measured in the same run.

    python -m tests.bench [ROW ...] [--quick] [--output FILE]          # ./dev bench

Rows: requests, ups, lab, many, cost, scale, start, encoding, fleet. Writes docs/performance.md itself.
"""
