from runtime.sources.llama_decoder import *
