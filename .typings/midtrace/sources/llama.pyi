from runtime.sources.llama import *
