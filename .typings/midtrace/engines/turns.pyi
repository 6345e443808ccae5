from runtime.engines.turns import *
