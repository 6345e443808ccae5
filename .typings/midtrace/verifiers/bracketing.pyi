from verifiers.bracketing import *
