from extractors.fork import *
