from extractors.propositional import *
