from runtime.engines.parcels import *
