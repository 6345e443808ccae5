from runtime.sources.http.logprobs import *
