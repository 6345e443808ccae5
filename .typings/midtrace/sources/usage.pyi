from runtime.sources.usage import *
