from runtime.sources.http.endpoints import *
