from runtime.sources.transport import *
