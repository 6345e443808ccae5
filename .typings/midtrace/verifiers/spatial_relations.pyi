from verifiers.spatial_relations import *
