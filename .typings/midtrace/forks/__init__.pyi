from runtime.forks import *
