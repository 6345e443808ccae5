from runtime.forks.asking import *
