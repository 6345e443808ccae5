from runtime.sources.reading import *
