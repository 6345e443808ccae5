from verifiers.symbols import *
