from runtime.sources.http.usage import *
