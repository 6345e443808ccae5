from runtime.sources.turns import *
