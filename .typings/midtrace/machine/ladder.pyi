from runtime.machine.ladder import *
