from extractors.object_tracking import *
