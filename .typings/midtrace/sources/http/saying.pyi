from runtime.sources.http.saying import *
