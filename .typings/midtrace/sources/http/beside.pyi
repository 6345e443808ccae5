from runtime.sources.http.beside import *
