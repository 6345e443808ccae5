from extractors.answers import *
