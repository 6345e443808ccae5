from runtime.sources.http.retrying import *
