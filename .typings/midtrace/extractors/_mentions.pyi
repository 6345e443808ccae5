from extractors._mentions import *
