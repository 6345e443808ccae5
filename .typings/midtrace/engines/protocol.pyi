from runtime.engines.protocol import *
