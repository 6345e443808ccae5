from runtime.sources.streams.shapes import *
