from runtime.sources.local.decoding import *
