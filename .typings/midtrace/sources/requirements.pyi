from runtime.sources.requirements import *
