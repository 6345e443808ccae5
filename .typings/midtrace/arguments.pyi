from runtime.arguments import *
