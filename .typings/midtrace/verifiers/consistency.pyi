from verifiers.consistency import *
