"""Every number that is published, one file per claim: `python -m benchmarks.NAME [--quick] [--json]`.

A benchmark reports and never asserts. With `--json` the last line of stdout is one JSON object; without, a table.
"""
