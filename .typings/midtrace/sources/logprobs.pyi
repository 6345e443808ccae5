from runtime.sources.logprobs import *
