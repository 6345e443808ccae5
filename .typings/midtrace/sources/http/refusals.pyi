from runtime.sources.http.refusals import *
