from runtime.sources.off_loop import *
