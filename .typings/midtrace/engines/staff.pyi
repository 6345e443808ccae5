from runtime.engines.staff import *
