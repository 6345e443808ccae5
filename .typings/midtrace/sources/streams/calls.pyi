from runtime.sources.streams.calls import *
