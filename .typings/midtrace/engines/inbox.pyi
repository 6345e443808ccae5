from runtime.engines.inbox import *
