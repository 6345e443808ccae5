from runtime.forks.protocol import *
