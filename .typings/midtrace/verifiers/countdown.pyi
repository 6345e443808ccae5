from verifiers.countdown import *
