from runtime.models.known import *
