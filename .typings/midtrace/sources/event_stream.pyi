from runtime.sources.event_stream import *
