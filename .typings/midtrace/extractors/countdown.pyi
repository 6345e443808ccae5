from extractors.countdown import *
