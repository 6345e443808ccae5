from verifiers.multistep_arithmetic import *
