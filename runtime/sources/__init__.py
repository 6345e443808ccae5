"""Sources: generation calls that continue a prefix. Import the one you use; some need an extra.

`protocol` says what a source may be, `adapting` makes one of any call that streams text.
"""
