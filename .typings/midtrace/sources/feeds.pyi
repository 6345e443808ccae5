from runtime.sources.feeds import *
