from extractors.consistency import *
