from runtime.sources.decoding_thread import *
