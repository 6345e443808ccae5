from extractors.multistep_arithmetic import *
