from extractors.spatial_relations import *
