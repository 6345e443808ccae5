from verifiers.logic_grid import *
