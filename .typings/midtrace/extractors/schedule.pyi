from extractors.schedule import *
