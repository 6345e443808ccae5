from runtime.sources.http.frames import *
