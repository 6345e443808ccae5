from verifiers.combinators import *
