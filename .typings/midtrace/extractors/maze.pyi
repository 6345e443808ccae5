from extractors.maze import *
