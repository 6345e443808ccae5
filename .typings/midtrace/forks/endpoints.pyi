from runtime.forks.endpoints import *
