from extractors.bracketing import *
