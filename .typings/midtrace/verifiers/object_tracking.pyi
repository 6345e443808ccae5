from verifiers.object_tracking import *
