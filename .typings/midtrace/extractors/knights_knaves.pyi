from extractors.knights_knaves import *
