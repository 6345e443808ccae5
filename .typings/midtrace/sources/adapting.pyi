from runtime.sources.adapting import *
