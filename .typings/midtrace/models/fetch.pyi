from runtime.models.fetch import *
