from extractors.sorting import *
