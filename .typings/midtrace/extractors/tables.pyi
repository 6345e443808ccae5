from extractors.tables import *
