"""What is owed, and bringing it to the provider exactly once.

The order of a pass: :mod:`publish` takes over content, :mod:`owe` writes down what is due,
:mod:`deliver` brings one batch to its provider, :mod:`run` does all of it until nothing is left.
"""
