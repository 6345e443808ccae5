from runtime.sources.http.rendering import *
