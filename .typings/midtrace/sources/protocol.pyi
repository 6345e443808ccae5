from runtime.sources.protocol import *
