from runtime.testing.costs import *
