from runtime.sources.http.transport import *
