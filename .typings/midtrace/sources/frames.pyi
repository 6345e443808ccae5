from runtime.sources.frames import *
