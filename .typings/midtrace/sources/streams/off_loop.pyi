from runtime.sources.streams.off_loop import *
