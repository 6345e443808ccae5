from runtime.sources.local.decoding_thread import *
