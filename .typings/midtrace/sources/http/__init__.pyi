from runtime.sources.http import *
