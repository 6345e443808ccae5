from verifiers.early_stop import *
