from runtime.sources.local.feeds import *
