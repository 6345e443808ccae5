from runtime.lazy import *
