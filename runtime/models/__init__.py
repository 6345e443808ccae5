"""Model files: which are known, where they come from, and how one is brought into the user's cache."""

from .fetch import locate as locate
from .fetch import obtain as obtain
from .known import KNOWN as KNOWN
from .known import KnownModel as KnownModel

__all__ = ["KNOWN", "KnownModel", "locate", "obtain"]
