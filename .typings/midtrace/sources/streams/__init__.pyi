from runtime.sources.streams import *
