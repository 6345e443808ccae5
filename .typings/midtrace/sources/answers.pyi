from runtime.sources.answers import *
