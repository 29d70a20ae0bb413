"""Recorded exchanges: what the wire said, in the pieces it said it, and when."""
