from verifiers.propositional import *
