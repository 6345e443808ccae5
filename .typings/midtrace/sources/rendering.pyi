from runtime.sources.rendering import *
