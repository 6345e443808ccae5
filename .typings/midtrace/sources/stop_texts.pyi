from runtime.sources.stop_texts import *
