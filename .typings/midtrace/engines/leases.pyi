from runtime.engines.leases import *
