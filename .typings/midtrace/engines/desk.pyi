from runtime.engines.desk import *
