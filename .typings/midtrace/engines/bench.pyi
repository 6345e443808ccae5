from runtime.engines.bench import *
