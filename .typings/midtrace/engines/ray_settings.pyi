from runtime.engines.ray_settings import *
