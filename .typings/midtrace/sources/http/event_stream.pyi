from runtime.sources.http.event_stream import *
