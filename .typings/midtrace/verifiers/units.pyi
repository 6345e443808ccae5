from verifiers.units import *
