from runtime.sources.transformers_decoder import *
