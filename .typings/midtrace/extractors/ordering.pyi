from extractors.ordering import *
