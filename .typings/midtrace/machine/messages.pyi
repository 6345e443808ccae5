from runtime.machine.messages import *
