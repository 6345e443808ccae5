from runtime.forks.settings import *
