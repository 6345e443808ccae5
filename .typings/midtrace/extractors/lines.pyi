from extractors.lines import *
