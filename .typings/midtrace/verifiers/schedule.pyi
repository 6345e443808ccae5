from verifiers.schedule import *
