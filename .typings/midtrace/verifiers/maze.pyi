from verifiers.maze import *
