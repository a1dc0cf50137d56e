"""The phases of a run, one object each, awaited one after the other."""
