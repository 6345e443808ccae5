from runtime.forks.thread import *
