from runtime.sources.detokenising import *
