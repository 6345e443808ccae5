from runtime.sources.local.llama_decoder import *
