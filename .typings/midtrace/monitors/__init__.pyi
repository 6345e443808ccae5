from runtime.monitors import *
