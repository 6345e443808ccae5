from runtime.sources.local.detokenising import *
