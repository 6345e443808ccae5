from runtime.sources.transformers import *
