from runtime.sources.beside import *
