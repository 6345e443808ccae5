from verifiers.sorting import *
