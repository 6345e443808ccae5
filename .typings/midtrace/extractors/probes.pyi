from extractors.probes import *
