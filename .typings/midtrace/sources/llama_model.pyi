from runtime.sources.llama_model import *
