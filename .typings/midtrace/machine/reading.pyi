from runtime.machine.reading import *
