from runtime.trace import *
