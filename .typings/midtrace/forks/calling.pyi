from runtime.forks.calling import *
