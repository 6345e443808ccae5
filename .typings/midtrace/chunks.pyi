from runtime.chunks import *
