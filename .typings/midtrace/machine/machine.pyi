from runtime.machine.machine import *
