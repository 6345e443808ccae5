from extractors.algebra import *
