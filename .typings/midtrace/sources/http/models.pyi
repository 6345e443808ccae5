from runtime.sources.http.models import *
