"""The parts of ``benchmarks/faithfulness.py``: sessions are generated, recorded, replayed, and checked by an oracle."""
