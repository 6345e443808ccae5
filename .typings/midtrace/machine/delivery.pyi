from runtime.machine.delivery import *
