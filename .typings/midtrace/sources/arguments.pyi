from runtime.sources.arguments import *
