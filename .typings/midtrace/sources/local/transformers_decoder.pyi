from runtime.sources.local.transformers_decoder import *
