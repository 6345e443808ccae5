from verifiers.state_invariants import *
