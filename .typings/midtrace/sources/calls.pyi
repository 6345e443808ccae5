from runtime.sources.calls import *
