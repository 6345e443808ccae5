from extractors.units import *
