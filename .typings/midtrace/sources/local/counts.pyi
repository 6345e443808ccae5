from runtime.sources.local.counts import *
