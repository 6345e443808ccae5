from runtime.engines.leasing import *
