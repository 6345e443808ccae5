from extractors.code import *
