from runtime.plugins import *
