from runtime.sources.endpoints import *
