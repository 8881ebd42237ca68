"""Fakes of the services that ByPost talks to, with the faults that real ones have.

They ship with the package, so that an operator's own tests can use them.
"""
