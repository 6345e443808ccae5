from runtime.sources.templates import *
