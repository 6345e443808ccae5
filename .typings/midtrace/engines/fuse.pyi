from runtime.engines.fuse import *
