from runtime.policies import *
