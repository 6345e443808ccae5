from runtime.engines.joining import *
