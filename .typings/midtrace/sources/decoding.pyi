from runtime.sources.decoding import *
