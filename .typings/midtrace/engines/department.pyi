from runtime.engines.department import *
