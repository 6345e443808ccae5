from runtime.sources.completions import *
