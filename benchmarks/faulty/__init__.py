"""The parts of ``faults.py``: a writer that says what was committed, one file for each kind of fault."""
