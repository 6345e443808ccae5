from runtime.engines.scale import *
