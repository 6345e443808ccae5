from runtime.sources.buffering import *
