from verifiers import *
