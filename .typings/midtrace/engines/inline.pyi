from runtime.engines.inline import *
