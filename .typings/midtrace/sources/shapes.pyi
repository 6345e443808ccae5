from runtime.sources.shapes import *
