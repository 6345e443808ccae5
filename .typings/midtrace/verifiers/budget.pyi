from verifiers.budget import *
