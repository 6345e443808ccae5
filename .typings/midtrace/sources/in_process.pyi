from runtime.sources.in_process import *
