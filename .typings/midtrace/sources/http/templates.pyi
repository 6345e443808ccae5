from runtime.sources.http.templates import *
