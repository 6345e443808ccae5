from verifiers._solving import *
