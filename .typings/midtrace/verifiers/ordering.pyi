from verifiers.ordering import *
