from runtime.triggers import *
from runtime.triggers import lanes as lanes
