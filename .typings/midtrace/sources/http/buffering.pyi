from runtime.sources.http.buffering import *
