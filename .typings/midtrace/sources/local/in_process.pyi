from runtime.sources.local.in_process import *
