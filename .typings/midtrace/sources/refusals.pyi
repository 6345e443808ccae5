from runtime.sources.refusals import *
