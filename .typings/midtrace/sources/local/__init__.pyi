from runtime.sources.local import *
