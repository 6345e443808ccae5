from verifiers.algebra import *
