from verifiers.python_code import *
