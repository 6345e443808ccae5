from extractors.logic_grid import *
