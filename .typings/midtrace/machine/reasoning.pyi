from runtime.machine.reasoning import *
