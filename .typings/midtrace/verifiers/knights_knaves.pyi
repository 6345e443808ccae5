from verifiers.knights_knaves import *
