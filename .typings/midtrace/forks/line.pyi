from runtime.forks.line import *
