from runtime.sources.counts import *
