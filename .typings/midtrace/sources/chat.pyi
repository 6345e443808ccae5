from runtime.sources.chat import *
