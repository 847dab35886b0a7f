"""The parts of ``fuzz.py``: what makes inputs, and what is given them."""
