from runtime.engines.dispatcher import *
