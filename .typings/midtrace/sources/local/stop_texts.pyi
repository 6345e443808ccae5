from runtime.sources.local.stop_texts import *
