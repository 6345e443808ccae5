from runtime.sources.http.server import *
