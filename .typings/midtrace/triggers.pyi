from runtime.triggers import *
from runtime.triggers import lanes as lanes
from runtime.triggers import token_cuts as token_cuts
