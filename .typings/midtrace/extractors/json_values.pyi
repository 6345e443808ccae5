from extractors.json_values import *
