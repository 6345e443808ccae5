from runtime.sources.http.reading import *
